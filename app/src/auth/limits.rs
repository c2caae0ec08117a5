//! How often somebody may try to sign in (ASVS 6.3.1): for each account and for each address, so that neither one password for
//! all accounts nor all passwords for one account can be tried out. Who is signed in already is never locked out.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    str::FromStr,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};

use super::Email;
use crate::error::AppError;

/// An address may try so many times as often as an account: many people share one.
const PER_ADDRESS: u32 = 10;

/// After so many tries those are forgotten that no longer count.
const TIDY_EVERY: u32 = 1_024;

/// So many tries in so much time, after which they come back one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInLimit {
    tries: NonZeroU32,
    within: Duration,
}

impl Default for SignInLimit {
    /// Ten tries in three minutes.
    fn default() -> Self {
        Self { tries: NonZeroU32::MIN.saturating_add(9), within: Duration::from_secs(180) }
    }
}

impl FromStr for SignInLimit {
    type Err = ();

    /// Reads "10/3m": a number of tries, and a time in seconds, minutes or hours.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (tries, within) = text.split_once('/').ok_or(())?;
        let unit = match within.chars().last() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            _ => return Err(()),
        };
        let count: u32 = within.get(..within.len() - 1).and_then(|count| count.parse().ok()).ok_or(())?;
        let tries = tries.parse().map_err(|_| ())?;
        if count == 0 || count > 1_000 {
            return Err(());
        }
        let limit = Self { tries, within: Duration::from_secs(u64::from(count) * unit) };
        // What is too fine to be measured would be no limit.
        limit.quota(PER_ADDRESS).map(|_| limit).ok_or(())
    }
}

impl SignInLimit {
    fn quota(self, times: u32) -> Option<Quota> {
        let tries = self.tries.saturating_mul(NonZeroU32::MIN.saturating_add(times - 1));
        Some(Quota::with_period(self.within / tries.get())?.allow_burst(tries))
    }
}

/// Counts the tries.
#[derive(Debug)]
pub struct Limits {
    /// By e-mail address, whether there is such an account or not, and by session for who is signed in.
    accounts: DefaultKeyedRateLimiter<String>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    tries: AtomicU32,
}

impl Limits {
    /// Starts to count; nothing where the limit is too fine to be measured.
    #[must_use]
    pub fn new(limit: SignInLimit) -> Option<Self> {
        Some(Self {
            accounts: RateLimiter::keyed(limit.quota(1)?),
            addresses: RateLimiter::keyed(limit.quota(PER_ADDRESS)?),
            tries: AtomicU32::new(0),
        })
    }

    /// Counts a try to sign in or to register.
    ///
    /// # Errors
    ///
    /// [`AppError::TooManyTries`] when it is one too many; it is then not to be looked at.
    pub fn check(&self, email: &Email, address: Option<IpAddr>) -> Result<(), AppError> {
        // Whoever comes from nowhere shares one place: a header that is missing must not be a way around.
        limited(&self.addresses, &network(address.unwrap_or(Ipv6Addr::UNSPECIFIED.into())))?;
        limited(&self.accounts, &email.to_string())?;
        self.tidy();
        Ok(())
    }

    /// Counts a try of a signed-in user to confirm who it is. Strangers cannot use it up: it goes by the session.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn check_session(&self, handle: &str) -> Result<(), AppError> {
        // No e-mail address begins like that.
        limited(&self.accounts, &format!("@{handle}"))?;
        self.tidy();
        Ok(())
    }

    fn tidy(&self) {
        if self.tries.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            self.accounts.retain_recent();
            self.accounts.shrink_to_fit();
            self.addresses.retain_recent();
            self.addresses.shrink_to_fit();
        }
    }
}

fn limited<K: Clone + Eq + std::hash::Hash>(
    limiter: &DefaultKeyedRateLimiter<K>,
    key: &K,
) -> Result<(), AppError> {
    limiter.check_key(key).map_err(|not_until| {
        let wait = not_until.wait_time_from(limiter.clock().now());
        AppError::TooManyTries { seconds: u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX) }
    })
}

/// The address, or the network of an IPv6 address: one subscriber has 2^64 of those.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    #[test]
    fn a_limit_is_read_as_it_is_written() {
        assert_eq!("10/3m".parse(), Ok(SignInLimit::default()));
        assert_eq!("5/1h".parse::<SignInLimit>().unwrap().within, Duration::from_secs(3_600));
        for text in [
            "",
            "10",
            "0/3m",
            "10/0m",
            "-1/3m",
            "10/3",
            "10/m",
            "10/3d",
            "10/9999h",
            "10/3ä",
            "4000000000/1s",
        ] {
            assert_eq!(text.parse::<SignInLimit>(), Err(()), "{text}");
        }
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
        assert_eq!(limits.check_session("handle"), Ok(()));
        assert!(limits.check_session("handle").is_err());
    }
}
