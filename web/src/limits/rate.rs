//! Rate limits such as `10/3m`, by any key or by client address.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    str::FromStr,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};

/// After this many checks, keys that no longer count are removed.
const CLEAN_UP_EVERY: u32 = 1_024;

/// The length of the prefix of the widest IPv6 network that a provider gives to one subscriber, in bits (RIPE-690, 4.2).
const WIDEST: u32 = 48;

/// The limited networks of an IPv6 address: the length of the prefix, and the factor of the rate. With a limit for each /64 only, a
/// subscriber with a /48 would have 65,536 times the rate.
const NETWORKS: [(u32, u32); 3] = [(64, 1), (56, 4), (WIDEST, 16)];

/// The largest factor of a rate: ten for an address that signs in, times sixteen for its widest network.
const MAX_FACTOR: u32 = 10 * 16;

/// A number of times within a duration. They are replenished one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    times: NonZeroU32,
    within: Duration,
}

/// The text is not a [`Rate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rate is a number and a time, such as 10/3m")]
pub struct ParseRateError;

impl FromStr for Rate {
    type Err = ParseRateError;

    /// Parses `10/3m`: a number, and a duration in seconds, minutes or hours.
    fn from_str(text: &str) -> Result<Self, ParseRateError> {
        Self::parse(text).ok_or(ParseRateError)
    }
}

impl Rate {
    fn parse(text: &str) -> Option<Self> {
        let (times, within) = text.split_once('/')?;
        let (count, unit) = within.split_at_checked(within.len().checked_sub(1)?)?;
        let unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            _ => return None,
        };
        let count = count.parse::<u64>().ok().filter(|count| (1..=1_000).contains(count))?;
        let rate = Self { times: times.parse().ok()?, within: Duration::from_secs(count * unit) };
        // A rate that is too fine to be measured would not limit anything.
        rate.quota(MAX_FACTOR).map(|_| rate)
    }

    /// The rate, multiplied by `times`. `None` if that is too fine to be measured.
    fn quota(self, times: u32) -> Option<Quota> {
        let burst = self.times.saturating_mul(NonZeroU32::MIN.saturating_add(times.saturating_sub(1)));
        Some(Quota::with_period(self.within / burst.get())?.allow_burst(burst))
    }
}

/// A rate limit for each key.
#[derive(Debug)]
pub struct RateLimit<K: Clone + Eq + Hash> {
    limiter: DefaultKeyedRateLimiter<K>,
    checks: AtomicU32,
}

impl<K: Clone + Eq + Hash> RateLimit<K> {
    /// A limit of `times` the rate. `None` if that is too fine to be measured.
    pub fn new(rate: Rate, times: u32) -> Option<Self> {
        Some(Self { limiter: RateLimiter::keyed(rate.quota(times)?), checks: AtomicU32::new(0) })
    }

    /// Counts one use by `key`. An error holds the seconds to wait.
    pub fn check(&self, key: &K) -> Result<(), u32> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % CLEAN_UP_EVERY == CLEAN_UP_EVERY - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        self.limiter.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.limiter.clock().now());
            u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX)
        })
    }
}

/// A rate limit for each client address. An IPv4 address has one limit; an IPv6 address counts for its /64, its /56 with four times the
/// limit, and its /48 with sixteen times.
#[derive(Debug)]
pub struct AddressLimit {
    /// By the length of the prefix, the narrowest network first.
    networks: Vec<(u32, RateLimit<IpAddr>)>,
}

impl AddressLimit {
    /// A limit of `times` the rate for an IPv4 address or a /64. `None` if that is too fine to be measured.
    pub fn new(rate: Rate, times: u32) -> Option<Self> {
        let limit = |(bits, factor)| Some((bits, RateLimit::new(rate, times.saturating_mul(factor))?));
        Some(Self { networks: NETWORKS.into_iter().map(limit).collect::<Option<_>>()? })
    }

    /// Counts one use by `address`, for its narrowest network first. If that is over the limit, the wider ones count nothing, so that a
    /// subscriber does not use up the limit of its neighbours. An error holds the seconds to wait.
    pub fn check(&self, address: Option<IpAddr>) -> Result<(), u32> {
        let has_networks = address.is_some_and(|address| address.to_canonical().is_ipv6());
        let mut limits = self.networks.iter().take(if has_networks { NETWORKS.len() } else { 1 });
        limits.try_for_each(|(bits, limit)| limit.check(&network(address, *bits)))
    }
}

/// The widest network that one client may have to itself: its address, or the /48 of an IPv6 address.
pub(super) fn widest_network(address: Option<IpAddr>) -> IpAddr {
    network(address, WIDEST)
}

/// An IPv4 address as it is, or the first `bits` (1 to 128) of an IPv6 address. Clients without an address share one network, so that
/// leaving out a header does not avoid the limit.
fn network(address: Option<IpAddr>, bits: u32) -> IpAddr {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => {
            Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (Ipv6Addr::BITS - bits))).into()
        }
        Some(address) => address,
        None => Ipv6Addr::UNSPECIFIED.into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rate_is_parsed() {
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
            assert_eq!(text.parse::<Rate>(), Err(ParseRateError), "{text}");
        }
    }

    #[test]
    fn a_key_over_the_limit_has_to_wait_and_others_do_not() {
        let limit = RateLimit::new("2/1h".parse().unwrap(), 1).unwrap();
        assert_eq!((limit.check(&"ada"), limit.check(&"ada")), (Ok(()), Ok(())));
        assert!(matches!(limit.check(&"ada"), Err(1..=1_801)));
        assert_eq!(limit.check(&"grace"), Ok(()));
    }

    #[test]
    fn a_network_of_addresses_is_one_key() {
        let place = |last| network(Some(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last])), 64);
        assert_eq!(place(1), place(2));
        let mapped = address("::ffff:10.0.0.1");
        assert_eq!(network(mapped, 64), IpAddr::from([10, 0, 0, 1]));
        assert_ne!(network(None, 64), network(mapped, 64));
    }

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn an_ipv4_address_has_one_limit_and_requests_without_one_share_one() {
        let limit = AddressLimit::new("2/1h".parse().unwrap(), 1).unwrap();
        for place in [address("10.0.0.1"), address("::ffff:10.0.0.2"), None] {
            assert_eq!((limit.check(place), limit.check(place)), (Ok(()), Ok(())), "{place:?}");
            assert!(limit.check(place).is_err(), "{place:?}");
        }
        assert!(limit.check(address("10.0.0.2")).is_err(), "the same address, written in another way");
        assert_eq!(limit.check(address("10.0.0.3")), Ok(()), "a neighbour");
    }

    /// Security: 2.4.1
    #[test]
    fn the_networks_of_one_subscriber_have_limits_of_their_own() {
        let limit = AddressLimit::new("1/1h".parse().unwrap(), 1).unwrap();
        // Each /64 once: four in each /56, and sixteen in the /48.
        for (third, taken) in [(0, 4), (1, 4), (2, 4), (3, 4), (4, 0)] {
            for fourth in 0..6 {
                let place = address(&format!("2001:db8:0:{third:x}{fourth:02x}::1"));
                assert_eq!(limit.check(place).is_ok(), fourth < taken, "{place:?}");
            }
        }
        assert_eq!(limit.check(address("2001:db8:1::1")), Ok(()), "another /48");
    }

    #[test]
    fn a_refused_subscriber_does_not_use_up_the_limit_of_neighbours() {
        let limit = AddressLimit::new("1/1h".parse().unwrap(), 1).unwrap();
        assert_eq!(limit.check(address("2001:db8::1")), Ok(()));
        for _ in 0..20 {
            assert!(limit.check(address("2001:db8::2")).is_err());
        }
        for neighbour in 1..4 {
            assert_eq!(limit.check(address(&format!("2001:db8:0:{neighbour}::1"))), Ok(()), "{neighbour}");
        }
    }

    #[test]
    fn the_widest_network_of_an_ipv6_address_is_its_48_bits() {
        let widest = |text: &str| widest_network(address(text)).to_string();
        assert_eq!(widest("2001:db8:7:ffff::1"), "2001:db8:7::");
        assert_eq!((widest("10.0.0.1"), widest("::ffff:10.0.0.1")), ("10.0.0.1".into(), "10.0.0.1".into()));
    }

    proptest! {
        #[test]
        fn every_accepted_rate_limits(text in "[1-4][0-9]{8,9}/[1-9]s|[1-9][0-9]{0,9}/[1-9][0-9]{0,2}[smh]|[0-9+-]{0,11}/?[0-9+ ]{0,5}[smhd\u{e4}]?|(?s).{0,12}") {
            if let Ok(rate) = text.parse::<Rate>() {
                prop_assert!(rate.within >= Duration::from_secs(1) && rate.within <= Duration::from_secs(3_600_000));
                let limit = RateLimit::new(rate, 1).unwrap();
                prop_assert!(AddressLimit::new(rate, 10).is_some());
                prop_assert_eq!(limit.check(&"ada"), Ok(()));
                if rate.times == NonZeroU32::MIN {
                    prop_assert!(limit.check(&"ada").is_err());
                }
            }
        }
    }
}
