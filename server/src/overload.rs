//! Limits what is under way at once. A request beyond a limit gets 503 immediately, so that the others are not answered late.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use app::{
    error::AppError,
    rate_limit::{network, widest_network},
};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};

use crate::failure;

/// Requests are refused while a task that is ready waits longer than this for a worker thread.
const MAX_DELAY: Duration = Duration::from_secs(1);

/// How often that delay is measured.
const MEASURE_EVERY: Duration = Duration::from_millis(100);

/// Memory for the bodies of all requests together, in bytes.
const BODY_MEMORY: usize = 64 * 1024 * 1024;

/// Memory for the bodies from one client network, in bytes: four of the largest forms.
const BODY_MEMORY_PER_NETWORK: usize = 16 * 1024 * 1024;

/// Body memory is charged in steps of this size, in bytes: a body of one byte needs buffers, too.
const BODY_STEP: usize = 4 * 1024;

/// An amount that clients share: there is a limit for all of them together and one for each network of clients. Cheap to clone.
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

    /// The share of one request or connection, which is empty at first. `client` is the address that it comes from. All clients
    /// without a known address are one network.
    #[must_use]
    pub fn share(&self, client: Option<IpAddr>) -> Share {
        let network = client.map_or_else(|| network(None), widest_network);
        Share { quota: self.clone(), network, amount: 0 }
    }

    fn used(&self) -> MutexGuard<'_, Used> {
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
    /// Grows to `amount`, unless the share is that large already. Returns `false`, and stays as it is, where that would exceed the
    /// limit of all clients or that of the network.
    #[must_use]
    pub fn grow_to(&mut self, amount: usize) -> bool {
        let more = amount.saturating_sub(self.amount);
        if more == 0 {
            return true;
        }
        let QuotaState { limit, limit_per_network, .. } = &*self.quota.0;
        let mut used = self.quota.used();
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
        let mut used = self.quota.used();
        used.total -= self.amount;
        if let Entry::Occupied(mut of_network) = used.by_network.entry(self.network) {
            *of_network.get_mut() -= self.amount;
            if *of_network.get() == 0 {
                of_network.remove();
            }
        }
    }
}

/// The memory that a request's body is charged for. Returns it when dropped.
#[derive(Debug)]
pub struct BodyMemory(Share);

impl BodyMemory {
    /// Charges for a body of which `bytes` have arrived so far.
    ///
    /// # Errors
    ///
    /// [`AppError::Busy`] when the memory of the client's network, or of all clients, is used up.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), AppError> {
        if self.0.grow_to(bytes.next_multiple_of(BODY_STEP)) {
            return Ok(());
        }
        count_refusal();
        Err(AppError::Busy)
    }
}

/// Limits how many requests are under way, and the memory of their bodies. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Limiter(Arc<LimiterState>);

#[derive(Debug)]
struct LimiterState {
    limit: usize,
    permits: Arc<Semaphore>,
    bodies: Quota,
    /// Whether tasks wait too long for a worker thread. Requests then wait before they can ask for a permit.
    delayed: AtomicBool,
    /// Whether requests are being refused: the log has one line for the first of them, not one for each.
    refusing: AtomicBool,
}

impl Limiter {
    /// Lets `limit` requests be under way at once.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(LimiterState {
            limit,
            permits: Arc::new(Semaphore::new(limit)),
            bodies: Quota::new(BODY_MEMORY, BODY_MEMORY_PER_NETWORK),
            delayed: AtomicBool::default(),
            refusing: AtomicBool::default(),
        }))
    }

    /// Starts a task that measures how long a ready task waits for a worker thread: a request that has just arrived waits as long.
    pub fn watch_delay(&self) {
        let state = self.0.clone();
        tokio::spawn(async move {
            loop {
                let start = Instant::now();
                sleep(MEASURE_EVERY).await;
                state.delayed.store(start.elapsed() > MEASURE_EVERY + MAX_DELAY, Ordering::Relaxed);
            }
        });
    }

    /// A permit for one request; `None` when there is none free.
    fn permit(&self) -> Option<Permit> {
        let held = Mutex::new(Some(self.acquire()?));
        Some(Permit(Arc::new(PermitState { limiter: self.clone(), held })))
    }

    fn acquire(&self) -> Option<OwnedSemaphorePermit> {
        let LimiterState { limit, permits, delayed, refusing, .. } = &*self.0;
        let delayed = delayed.load(Ordering::Relaxed);
        let permit = permits.clone().try_acquire_owned().ok().filter(|_| !delayed);
        if permit.is_none() {
            count_refusal();
            if !refusing.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    limit,
                    delayed,
                    "more requests at once than there is room for: some are refused"
                );
            }
        } else if refusing.load(Ordering::Relaxed) && permits.available_permits() >= limit / 2 {
            refusing.store(false, Ordering::Relaxed);
            tracing::info!("there is room again");
        }
        permit
    }
}

fn count_refusal() {
    metrics::counter!("http_requests_shed_total").increment(1);
}

/// Lets one request be under way, until its last clone is dropped. A clone is in the request's extensions, so that work that goes
/// on after the client has hung up still counts.
#[derive(Clone, Debug)]
pub struct Permit(Arc<PermitState>);

#[derive(Debug)]
struct PermitState {
    limiter: Limiter,
    /// `None` while the request waits for its body.
    held: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Permit {
    /// Lets another request have the permit while this one only waits for its body. A client can make that wait long.
    pub fn release(&self) {
        self.held().take();
    }

    /// Takes a permit again after [`release`](Self::release).
    ///
    /// # Errors
    ///
    /// [`AppError::Busy`] when there is none free.
    pub fn reacquire(&self) -> Result<(), AppError> {
        let permit = self.0.limiter.acquire().ok_or(AppError::Busy)?;
        *self.held() = Some(permit);
        Ok(())
    }

    /// The memory for the body of a request from this address, of which nothing has arrived yet.
    #[must_use]
    pub fn body_memory(&self, client: Option<IpAddr>) -> BodyMemory {
        BodyMemory(self.0.limiter.0.bodies.share(client))
    }

    fn held(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The middleware that gives each request a permit. Without a free one it answers 503 with `Retry-After`.
pub async fn shed(State(limiter): State<Limiter>, mut request: Request, next: Next) -> Response {
    let Some(permit) = limiter.permit() else {
        return failure::answer(&AppError::Busy, request.headers());
    };
    request.extensions_mut().insert(permit.clone());
    let response = next.run(request).await;
    drop(permit);
    response
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn a_network_gets_its_share_and_leaves_the_rest_to_others() {
        let quota = Quota::new(10, 4);
        let (mut first, mut second, mut other) =
            (quota.share(address(1)), quota.share(address(1)), quota.share(address(2)));
        assert!(first.grow_to(3) && second.grow_to(1));
        assert!(!first.grow_to(4) && !second.grow_to(2), "the share of a network is four");
        assert!(other.grow_to(4), "another network has its own share");
        assert!(first.grow_to(3) && first.grow_to(1), "a share that is large enough needs nothing");
    }

    #[test]
    fn an_ipv6_network_is_one_client_and_so_are_all_unknown_addresses() {
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

    #[test]
    fn a_body_is_charged_in_steps_for_what_has_arrived() {
        let limiter = Limiter::new(1);
        let permit = limiter.permit().unwrap();
        let mut memory = permit.body_memory(address(1));
        for (arrived, charged) in [(1, 4_096), (4_096, 4_096), (4_097, 8_192), (1_000_000, 1_003_520)] {
            memory.grow_to(arrived).unwrap();
            assert_eq!(limiter.0.bodies.used().total, charged, "{arrived} bytes");
        }
        assert_eq!(permit.body_memory(address(1)).grow_to(16 * 1024 * 1024), Err(AppError::Busy));
        assert_eq!(permit.body_memory(address(2)).grow_to(16 * 1024 * 1024), Ok(()));
        drop(memory);
        assert_eq!(limiter.0.bodies.used().total, 0);
    }

    #[test]
    fn a_permit_that_was_released_goes_to_another_request() {
        let limiter = Limiter::new(1);
        let first = limiter.permit().unwrap();
        assert!(limiter.permit().is_none());
        first.release();
        let second = limiter.permit().unwrap();
        assert_eq!(first.reacquire(), Err(AppError::Busy));
        drop(second);
        assert_eq!(first.reacquire(), Ok(()));
        assert!(limiter.permit().is_none());
        let clone = first.clone();
        drop(first);
        assert!(limiter.permit().is_none(), "a clone holds it, too");
        drop(clone);
        assert!(limiter.permit().is_some());
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
                let used = quota.used();
                prop_assert_eq!(used.total, shares.iter().map(|share| share.amount).sum::<usize>());
                prop_assert_eq!(used.total, used.by_network.values().sum::<usize>());
                prop_assert!(used.total <= LIMIT);
                prop_assert!(used.by_network.values().all(|amount| (1..=LIMIT_PER_NETWORK).contains(amount)));
            }
            shares.clear();
            prop_assert_eq!(quota.used().total, 0);
            prop_assert!(quota.used().by_network.is_empty());
        }
    }
}
