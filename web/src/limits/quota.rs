//! Limits an amount that is in use at once, for all clients and for each network.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::rate::widest_network;

/// An amount that clients share, with a limit for all clients together and one for each network. Clones share it, too.
#[derive(Clone, Debug)]
pub struct Quota {
    limit: usize,
    limit_per_network: usize,
    used: Arc<Mutex<Used>>,
}

#[derive(Debug, Default)]
struct Used {
    total: usize,
    /// Only networks that use something, so that the map stays small.
    by_network: HashMap<IpAddr, usize>,
}

impl Quota {
    pub fn new(limit: usize, limit_per_network: usize) -> Self {
        Self { limit, limit_per_network, used: Arc::default() }
    }

    /// The share of one request or connection, empty at first. All clients without an address count as one network.
    pub fn share(&self, client: Option<IpAddr>) -> Share {
        Share { quota: self.clone(), network: widest_network(client), amount: 0 }
    }

    /// The amount that all clients use together.
    pub fn used(&self) -> usize {
        self.state().total
    }

    fn state(&self) -> MutexGuard<'_, Used> {
        // No code panics between two changes, so a poisoned lock is consistent.
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The part of a [`Quota`] that one request or connection uses. Returns it when dropped.
#[derive(Debug)]
pub struct Share {
    quota: Quota,
    network: IpAddr,
    amount: usize,
}

impl Share {
    /// Grows to at least `amount`. Returns `false`, and does not grow, if that would exceed one of the limits.
    #[must_use]
    pub fn grow_to(&mut self, amount: usize) -> bool {
        let more = amount.saturating_sub(self.amount);
        if more == 0 {
            return true;
        }
        let Quota { limit, limit_per_network, .. } = self.quota;
        let mut used = self.quota.state();
        let of_network = used.by_network.get(&self.network).copied().unwrap_or(0);
        if more > limit - used.total || more > limit_per_network - of_network {
            return false;
        }
        used.total += more;
        used.by_network.insert(self.network, of_network + more);
        self.amount = amount;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut used = self.quota.state();
        used.total -= self.amount;
        let of_network = used.by_network.remove(&self.network).unwrap_or(0);
        if of_network > self.amount {
            used.by_network.insert(self.network, of_network - self.amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn a_network_is_limited_and_leaves_the_rest_to_others() {
        let quota = Quota::new(10, 4);
        let (mut first, mut second, mut other) =
            (quota.share(address(1)), quota.share(address(1)), quota.share(address(2)));
        assert!(first.grow_to(3) && second.grow_to(1));
        assert!(!first.grow_to(4) && !second.grow_to(2), "the share of a network is four");
        assert!(other.grow_to(4), "another network has its own share");
        assert!(first.grow_to(3) && first.grow_to(1), "a share that is large enough needs nothing");
    }

    #[test]
    fn an_ipv6_network_is_one_client_and_unknown_addresses_are_one() {
        let quota = Quota::new(10, 4);
        let ipv6 = |site, subnet| Some(IpAddr::from([0x2001, 0xdb8, site, subnet, 0, 0, 0, 1]));
        for (one, other) in [(ipv6(1, 1), ipv6(1, 2)), (None, None)] {
            let (mut one, mut other) = (quota.share(one), quota.share(other));
            assert!(one.grow_to(4) && !other.grow_to(1));
        }
        let (mut one, mut other) = (quota.share(ipv6(1, 1)), quota.share(ipv6(2, 1)));
        assert!(one.grow_to(4) && other.grow_to(4));
    }

    #[test]
    fn all_networks_together_get_no_more_than_the_limit() {
        let quota = Quota::new(10, 4);
        let mut shares: Vec<_> = (1..=3).map(|last| quota.share(address(last))).collect();
        let grown: Vec<_> = shares.iter_mut().map(|share| share.grow_to(4)).collect();
        assert_eq!(grown, [true, true, false]);
        assert!(shares[2].grow_to(2), "the rest is still free");
        shares.remove(0);
        assert!(shares[1].grow_to(4), "another network has returned its share");
    }

    proptest! {
        #[test]
        fn shares_stay_within_both_limits_and_return_everything(
            steps in prop::collection::vec((0_usize..6, 0_usize..50), 0..60),
        ) {
            const LIMIT: usize = 100;
            const LIMIT_PER_NETWORK: usize = 40;

            let quota = Quota::new(LIMIT, LIMIT_PER_NETWORK);
            // Three networks with two shares each.
            let share = |place: usize| quota.share(address(u8::try_from(place / 2).unwrap()));
            let mut shares: Vec<_> = (0..6).map(share).collect();
            for (place, amount) in steps {
                if amount == 0 {
                    shares[place] = share(place);
                } else {
                    let before = shares[place].amount;
                    let grown = shares[place].grow_to(amount);
                    prop_assert_eq!(shares[place].amount, if grown { before.max(amount) } else { before });
                }
                let used = quota.state();
                prop_assert_eq!(used.total, shares.iter().map(|share| share.amount).sum::<usize>());
                prop_assert_eq!(used.total, used.by_network.values().sum::<usize>());
                prop_assert!(used.total <= LIMIT);
                prop_assert!(used.by_network.values().all(|amount| (1..=LIMIT_PER_NETWORK).contains(amount)));
            }
            shares.clear();
            prop_assert_eq!(quota.state().total, 0);
            prop_assert!(quota.state().by_network.is_empty());
        }
    }
}
