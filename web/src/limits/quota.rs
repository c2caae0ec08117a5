//! Limits how much of something all clients, and the clients of one network, use at once.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{network, widest_network};

/// An amount that clients share, with a limit for all clients together and one for each network. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Quota(Arc<QuotaState>);

#[derive(Debug)]
struct QuotaState {
    limit: usize,
    limit_per_network: usize,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    total: usize,
    /// Only networks that use something, so that the map stays small.
    by_network: HashMap<IpAddr, usize>,
}

impl Quota {
    /// A quota of `limit` for all clients together and of `limit_per_network` for those of one network.
    #[must_use]
    pub fn new(limit: usize, limit_per_network: usize) -> Self {
        Self(Arc::new(QuotaState { limit, limit_per_network, used: Mutex::default() }))
    }

    /// The share of one request or connection from the address `client`, empty at first. All clients without a known address count as
    /// one network.
    #[must_use]
    pub fn share(&self, client: Option<IpAddr>) -> Share {
        let network = client.map_or_else(|| network(None), widest_network);
        Share { quota: self.clone(), network, amount: 0 }
    }

    /// What all clients use together.
    #[must_use]
    pub fn used(&self) -> usize {
        self.state().total
    }

    fn state(&self) -> MutexGuard<'_, Used> {
        // Each change is a single step, so a poisoned lock is consistent.
        self.0.used.lock().unwrap_or_else(PoisonError::into_inner)
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
        let QuotaState { limit, limit_per_network, .. } = &*self.quota.0;
        let mut used = self.quota.state();
        let of_network = used.by_network.get(&self.network).copied().unwrap_or(0);
        if more > limit - used.total || more > limit_per_network - of_network {
            return false;
        }
        used.total += more;
        used.by_network.insert(self.network, of_network + more);
        drop(used);
        self.amount = amount;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.amount == 0 {
            return;
        }
        let mut used = self.quota.state();
        used.total -= self.amount;
        if let Entry::Occupied(mut of_network) = used.by_network.entry(self.network) {
            *of_network.get_mut() -= self.amount;
            if *of_network.get() == 0 {
                of_network.remove();
            }
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
