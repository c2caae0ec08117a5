//! Limits how many requests run at once, and the memory of their bodies. A request over a limit gets 503 at once instead of a late answer.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
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

use super::{Quota, Share};
use crate::{error::AppError, failure};

/// Requests are refused while a ready task waits longer than this for a worker thread.
const MAX_DELAY: Duration = Duration::from_secs(1);

/// How often that delay is measured.
const MEASURE_EVERY: Duration = Duration::from_millis(100);

/// Memory for the bodies of all requests together, in bytes.
const BODY_MEMORY: usize = 64 * 1024 * 1024;

/// Memory for the bodies from one client network, in bytes: four of the largest forms.
const BODY_MEMORY_PER_NETWORK: usize = 16 * 1024 * 1024;

/// Body memory is charged in steps of this size, in bytes: a body of one byte needs buffers, too.
const BODY_STEP: usize = 4 * 1024;

/// The memory of a request's body. Returned when dropped.
#[derive(Debug)]
pub struct BodyMemory(Share);

impl BodyMemory {
    /// Charges for the `bytes` that have arrived so far. Fails with [`AppError::Busy`] if the network or all clients use too much.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), AppError> {
        if self.0.grow_to(bytes.next_multiple_of(BODY_STEP)) {
            return Ok(());
        }
        count_refusal();
        Err(AppError::Busy)
    }
}

/// Limits how many requests run at once, and the memory of their bodies. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Limiter {
    limit: usize,
    permits: Arc<Semaphore>,
    bodies: Quota,
    /// Whether tasks wait too long for a worker thread.
    delayed: Arc<AtomicBool>,
    /// Whether requests are being refused. Only the first one is logged.
    refusing: Arc<AtomicBool>,
}

impl Limiter {
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            permits: Arc::new(Semaphore::new(limit)),
            bodies: Quota::new(BODY_MEMORY, BODY_MEMORY_PER_NETWORK),
            delayed: Arc::default(),
            refusing: Arc::default(),
        }
    }

    /// Starts a task that measures how long a ready task waits for a worker thread.
    pub fn watch_delay(&self) {
        let delayed = self.delayed.clone();
        tokio::spawn(async move {
            loop {
                let start = Instant::now();
                sleep(MEASURE_EVERY).await;
                delayed.store(start.elapsed() > MEASURE_EVERY + MAX_DELAY, Ordering::Relaxed);
            }
        });
    }

    fn permit(&self) -> Option<Permit> {
        let held = Arc::new(Mutex::new(Some(self.acquire()?)));
        Some(Permit { limiter: self.clone(), held })
    }

    fn acquire(&self) -> Option<OwnedSemaphorePermit> {
        let Self { limit, permits, delayed, refusing, .. } = self;
        let delayed = delayed.load(Ordering::Relaxed);
        let permit = permits.clone().try_acquire_owned().ok().filter(|_| !delayed);
        if permit.is_none() {
            count_refusal();
            if !refusing.swap(true, Ordering::Relaxed) {
                tracing::warn!(limit, delayed, "more requests at once than the limit: some are refused");
            }
        } else if refusing.load(Ordering::Relaxed) && permits.available_permits() >= limit / 2 {
            refusing.store(false, Ordering::Relaxed);
            tracing::info!("requests are within the limit again");
        }
        permit
    }
}

fn count_refusal() {
    metrics::counter!("http_requests_shed_total").increment(1);
}

/// Lets one request run, until the last clone is dropped. A clone is in the request's extensions, so that work that continues after the
/// client has disconnected still counts.
#[derive(Clone, Debug)]
pub struct Permit {
    limiter: Limiter,
    /// `None` while the request waits for its body.
    held: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
}

impl Permit {
    /// Gives the permit to another request while this one waits for its body, which a client can delay.
    pub fn release(&self) {
        self.held().take();
    }

    /// Takes a permit again after [`release`](Self::release). Fails with [`AppError::Busy`] if none is free.
    pub fn reacquire(&self) -> Result<(), AppError> {
        let permit = self.limiter.acquire().ok_or(AppError::Busy)?;
        *self.held() = Some(permit);
        Ok(())
    }

    /// The memory for a body from this address, empty at first.
    pub fn body_memory(&self, client: Option<IpAddr>) -> BodyMemory {
        BodyMemory(self.limiter.bodies.share(client))
    }

    fn held(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The middleware that gives each request a permit. Without a free one it answers 503 with `Retry-After`.
pub async fn limit_requests(State(limiter): State<Limiter>, mut request: Request, next: Next) -> Response {
    let Some(permit) = limiter.permit() else {
        return failure::respond(&AppError::Busy, request.headers());
    };
    request.extensions_mut().insert(permit.clone());
    let response = next.run(request).await;
    drop(permit);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn a_body_is_charged_in_steps_as_it_arrives() {
        let limiter = Limiter::new(1);
        let permit = limiter.permit().unwrap();
        let mut memory = permit.body_memory(address(1));
        for (arrived, charged) in [(1, 4_096), (4_096, 4_096), (4_097, 8_192), (1_000_000, 1_003_520)] {
            memory.grow_to(arrived).unwrap();
            assert_eq!(limiter.bodies.used(), charged, "{arrived} bytes");
        }
        assert_eq!(permit.body_memory(address(1)).grow_to(16 * 1024 * 1024), Err(AppError::Busy));
        assert_eq!(permit.body_memory(address(2)).grow_to(16 * 1024 * 1024), Ok(()));
        drop(memory);
        assert_eq!(limiter.bodies.used(), 0);
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
}
