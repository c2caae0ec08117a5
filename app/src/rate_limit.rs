//! How often somebody may do something: rates such as "10/3m", and who has used one up.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    str::FromStr,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};

/// After so many checks those are forgotten that no longer count.
const TIDY_EVERY: u32 = 1_024;

/// So many times in so much time, after which they come back one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    times: NonZeroU32,
    within: Duration,
}

/// A text that is no [`Rate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rate is a number and a time, such as 10/3m")]
pub struct NotARate;

impl FromStr for Rate {
    type Err = NotARate;

    /// Reads "10/3m": a number, and a time in seconds, minutes or hours.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (times, within) = text.split_once('/').ok_or(NotARate)?;
        let unit = match within.chars().last() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            _ => return Err(NotARate),
        };
        let count: u32 =
            within.get(..within.len() - 1).and_then(|count| count.parse().ok()).ok_or(NotARate)?;
        let times = times.parse().map_err(|_| NotARate)?;
        if count == 0 || count > 1_000 {
            return Err(NotARate);
        }
        let rate = Self { times, within: Duration::from_secs(u64::from(count) * unit) };
        // What is too fine to be measured would be no limit, also where it is ten times as much.
        rate.quota(10).map(|_| rate).ok_or(NotARate)
    }
}

impl Rate {
    /// The same time for so many `times` as often.
    fn quota(self, times: u32) -> Option<Quota> {
        let burst = self.times.saturating_mul(NonZeroU32::MIN.saturating_add(times.saturating_sub(1)));
        Some(Quota::with_period(self.within / burst.get())?.allow_burst(burst))
    }
}

/// Counts how often each key came, and refuses what is beyond the rate. What no longer counts is forgotten by and by.
#[derive(Debug)]
pub struct RateLimit<K: Clone + Eq + Hash> {
    limiter: DefaultKeyedRateLimiter<K>,
    checks: AtomicU32,
}

impl<K: Clone + Eq + Hash> RateLimit<K> {
    /// Starts to count, by so many `times` the rate; nothing where that is too fine to be measured.
    #[must_use]
    pub fn new(rate: Rate, times: u32) -> Option<Self> {
        Some(Self { limiter: RateLimiter::keyed(rate.quota(times)?), checks: AtomicU32::new(0) })
    }

    /// Counts one of `key`.
    ///
    /// # Errors
    ///
    /// The seconds to wait, where it is one too many.
    pub fn check(&self, key: &K) -> Result<(), u32> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        self.limiter.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.limiter.clock().now());
            u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX)
        })
    }
}

/// The key of an address: itself, or the network of an IPv6 address, because one subscriber has 2^64 of those. Whoever comes from
/// nowhere shares one place: a header that is missing must not be a way around.
#[must_use]
pub fn network(address: Option<IpAddr>) -> IpAddr {
    match address.map(|address| address.to_canonical()) {
        None => Ipv6Addr::UNSPECIFIED.into(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        Some(address) => address,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rate_is_read_as_it_is_written() {
        let rate: Rate = "10/3m".parse().unwrap();
        assert_eq!((rate.times.get(), rate.within), (10, Duration::from_secs(180)));
        assert_eq!("5/1h".parse::<Rate>().unwrap().within, Duration::from_secs(3_600));
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
            assert_eq!(text.parse::<Rate>(), Err(NotARate), "{text}");
        }
    }

    #[test]
    fn what_is_beyond_the_rate_has_to_wait_and_nobody_else_does() {
        let limit = RateLimit::new("2/1h".parse().unwrap(), 1).unwrap();
        assert_eq!((limit.check(&"ada"), limit.check(&"ada")), (Ok(()), Ok(())));
        assert!(matches!(limit.check(&"ada"), Err(1..=1_801)));
        assert_eq!(limit.check(&"grace"), Ok(()));
    }

    #[test]
    fn a_network_of_addresses_is_one_key() {
        let place = |last| network(Some(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last])));
        assert_eq!(place(1), place(2));
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        assert_eq!(network(Some(mapped)), IpAddr::from([10, 0, 0, 1]));
        assert_ne!(network(None), network(Some(mapped)));
    }

    proptest! {
        /// Whoever has set a limit has one: there is none that is read and then cannot be measured.
        #[test]
        fn a_rate_that_is_read_limits(text in "[1-4][0-9]{8,9}/[1-9]s|[1-9][0-9]{0,9}/[1-9][0-9]{0,2}[smh]|[0-9+-]{0,11}/?[0-9+ ]{0,5}[smhd\u{e4}]?|(?s).{0,12}") {
            if let Ok(rate) = text.parse::<Rate>() {
                prop_assert!(rate.within >= Duration::from_secs(1) && rate.within <= Duration::from_secs(3_600_000));
                let limit = RateLimit::new(rate, 1).unwrap();
                prop_assert!(RateLimit::<u8>::new(rate, 10).is_some());
                prop_assert_eq!(limit.check(&"ada"), Ok(()));
                if rate.times == NonZeroU32::MIN {
                    prop_assert!(limit.check(&"ada").is_err());
                }
            }
        }
    }
}
