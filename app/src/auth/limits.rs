//! How often a password may be tried (ASVS 6.3.1): for each account and for each client address, so that neither one password for all
//! accounts nor all passwords for one account can be tried. Every attempt costs a hash, so each counts for its address, also that of a
//! signed-in user.

use std::{net::IpAddr, sync::Arc};

use leptos::prelude::use_context;
use web::{
    error::AppError,
    limits::{AddressLimit, Rate, RateLimit},
};

use super::Email;

/// The limit of an address is this many times that of an account, because many people share one.
const PER_ADDRESS: u32 = 10;

/// Counts attempts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SignInLimits(Arc<Limits>);

#[derive(Debug)]
struct Limits {
    /// By e-mail address, whether there is such an account or not, and by session for signed-in users.
    accounts: RateLimit<String>,
    addresses: AddressLimit,
}

impl SignInLimits {
    /// Limits with this rate for each account. `None` if it is too fine to be measured.
    #[must_use]
    pub fn new(rate: Rate) -> Option<Self> {
        let (accounts, addresses) = (RateLimit::new(rate, 1)?, AddressLimit::new(rate, PER_ADDRESS)?);
        Some(Self(Arc::new(Limits { accounts, addresses })))
    }

    /// The limits of the server; `None` if it has none.
    #[must_use]
    pub fn current() -> Option<Self> {
        use_context()
    }

    /// Counts an attempt to sign in or to register. If the address is over its limit, nothing counts for the account. Fails with
    /// [`AppError::TooManyTries`] if the attempt is over a limit.
    pub fn check(&self, email: &Email, address: Option<IpAddr>) -> Result<(), AppError> {
        self.0.addresses.check(address).map_err(too_many)?;
        self.0.accounts.check(&email.to_string()).map_err(too_many)
    }

    /// Counts an attempt of a signed-in user to confirm the password: for the session, which strangers cannot use up, and for the
    /// address. If the session is over its limit, nothing counts for the address. Fails as [`check`](Self::check).
    pub fn check_session(&self, handle: &str, address: Option<IpAddr>) -> Result<(), AppError> {
        // No e-mail address begins with @.
        self.0.accounts.check(&format!("@{handle}")).map_err(too_many)?;
        self.0.addresses.check(address).map_err(too_many)
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

    /// Security: 6.3.1
    #[test]
    fn an_account_is_limited_for_all_addresses_together() {
        let limits = SignInLimits::new("3/1h".parse().unwrap()).unwrap();
        for place in 1..=3 {
            limits.check(&email("ada@example.com"), Some(IpAddr::from([10, 0, 0, place]))).unwrap();
        }
        let refused = limits.check(&email("ADA@example.com"), Some(IpAddr::from([10, 0, 0, 9])));
        assert!(matches!(refused, Err(AppError::TooManyTries { seconds: 1..=1_201 })), "{refused:?}");
        assert_eq!(limits.check(&email("grace@example.com"), None), Ok(()));
    }

    /// Security: 6.3.1
    #[test]
    fn an_address_is_limited_for_all_accounts_together() {
        let limits = SignInLimits::new("2/1h".parse().unwrap()).unwrap();
        let place = |last| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last]);
        for number in 0..20 {
            limits.check(&email(&format!("{number}@example.com")), Some(place(number))).unwrap();
        }
        let refused = limits.check(&email("last@example.com"), Some(place(99)));
        assert!(matches!(refused, Err(AppError::TooManyTries { .. })), "one network: {refused:?}");
        assert_eq!(limits.check(&email("last@example.com"), Some(IpAddr::from([10, 0, 0, 1]))), Ok(()));
    }

    /// Security: 6.3.1
    #[test]
    fn strangers_do_not_use_up_the_attempts_of_a_signed_in_user() {
        let limits = SignInLimits::new("1/1h".parse().unwrap()).unwrap();
        limits.check(&email("ada@example.com"), None).unwrap();
        assert!(limits.check(&email("ada@example.com"), None).is_err());
        assert_eq!(limits.check_session("handle", None), Ok(()));
        assert!(limits.check_session("handle", None).is_err());
    }

    #[test]
    fn the_attempts_of_all_sessions_count_for_their_address() {
        let limits = SignInLimits::new("1/1h".parse().unwrap()).unwrap();
        let place = |last| Some(IpAddr::from([10, 0, 0, last]));
        for session in 0..10 {
            assert_eq!(limits.check_session(&session.to_string(), place(1)), Ok(()));
            // Over the limit of the session, so it does not count for the address.
            assert!(limits.check_session(&session.to_string(), place(1)).is_err());
        }
        let refused = limits.check_session("eleventh", place(1));
        assert!(matches!(refused, Err(AppError::TooManyTries { .. })), "{refused:?}");
        assert!(limits.check(&email("ada@example.com"), place(1)).is_err(), "also to sign in");
        assert_eq!(limits.check_session("twelfth", place(2)), Ok(()));
    }
}
