//! How often a password may be tried (ASVS 6.3.1): for each account and for each client address, so that neither one password for
//! all accounts nor all passwords for one account can be tried out. Every try takes the time of a hash, so each counts for its address,
//! also that of a signed-in user.

use std::net::IpAddr;

use super::Email;
use crate::{
    error::AppError,
    rate_limit::{AddressLimit, Rate, RateLimit},
};

/// An address may try this many times as often as an account: many people share one.
const PER_ADDRESS: u32 = 10;

/// Counts the tries.
#[derive(Debug)]
pub struct Limits {
    /// By e-mail address, whether there is such an account or not, and by session for who is signed in.
    accounts: RateLimit<String>,
    addresses: AddressLimit,
}

impl Limits {
    /// Starts to count; nothing where the limit is too fine to be measured.
    #[must_use]
    pub fn new(limit: Rate) -> Option<Self> {
        Some(Self { accounts: RateLimit::new(limit, 1)?, addresses: AddressLimit::new(limit, PER_ADDRESS)? })
    }

    /// Counts a try to sign in or to register. An address that is refused uses up nothing of the account's tries.
    ///
    /// # Errors
    ///
    /// [`AppError::TooManyTries`] when it is one too many; it is then not to be looked at.
    pub fn check(&self, email: &Email, address: Option<IpAddr>) -> Result<(), AppError> {
        self.addresses.check(address).map_err(too_many)?;
        self.accounts.check(&email.to_string()).map_err(too_many)
    }

    /// Counts a try of a signed-in user to confirm who it is: for the session, which strangers cannot use up, and for the address. A
    /// session that is refused uses up nothing of its address's tries.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn check_session(&self, handle: &str, address: Option<IpAddr>) -> Result<(), AppError> {
        // No e-mail address begins like that.
        self.accounts.check(&format!("@{handle}")).map_err(too_many)?;
        self.addresses.check(address).map_err(too_many)
    }
}

fn too_many(seconds: u32) -> AppError {
    AppError::TooManyTries { seconds }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    #[test]
    fn an_account_is_limited_whoever_asks() {
        let limits = Limits::new("3/1h".parse().unwrap()).unwrap();
        for place in 1..=3 {
            limits.check(&email("ada@example.com"), Some(IpAddr::from([10, 0, 0, place]))).unwrap();
        }
        let refused = limits.check(&email("ADA@example.com"), Some(IpAddr::from([10, 0, 0, 9])));
        assert!(matches!(refused, Err(AppError::TooManyTries { seconds: 1..=1_201 })), "{refused:?}");
        assert_eq!(limits.check(&email("grace@example.com"), None), Ok(()));
    }

    #[test]
    fn an_address_is_limited_whomever_it_asks_for() {
        let limits = Limits::new("2/1h".parse().unwrap()).unwrap();
        let place = |last| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last]);
        for number in 0..20 {
            limits.check(&email(&format!("{number}@example.com")), Some(place(number))).unwrap();
        }
        let refused = limits.check(&email("last@example.com"), Some(place(99)));
        assert!(matches!(refused, Err(AppError::TooManyTries { .. })), "one network: {refused:?}");
        assert_eq!(limits.check(&email("last@example.com"), Some(IpAddr::from([10, 0, 0, 1]))), Ok(()));
    }

    #[test]
    fn strangers_do_not_use_up_the_tries_of_who_is_signed_in() {
        let limits = Limits::new("1/1h".parse().unwrap()).unwrap();
        limits.check(&email("ada@example.com"), None).unwrap();
        assert!(limits.check(&email("ada@example.com"), None).is_err());
        assert_eq!(limits.check_session("handle", None), Ok(()));
        assert!(limits.check_session("handle", None).is_err());
    }

    #[test]
    fn the_tries_of_all_sessions_count_for_their_address() {
        let limits = Limits::new("1/1h".parse().unwrap()).unwrap();
        let place = |last| Some(IpAddr::from([10, 0, 0, last]));
        for session in 0..10 {
            assert_eq!(limits.check_session(&session.to_string(), place(1)), Ok(()));
            // Refused by the session's own limit, so they count no more for the address.
            assert!(limits.check_session(&session.to_string(), place(1)).is_err());
        }
        let refused = limits.check_session("eleventh", place(1));
        assert!(matches!(refused, Err(AppError::TooManyTries { .. })), "{refused:?}");
        assert!(limits.check(&email("ada@example.com"), place(1)).is_err(), "nor may it sign in");
        assert_eq!(limits.check_session("twelfth", place(2)), Ok(()));
    }
}
