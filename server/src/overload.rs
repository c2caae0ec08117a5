//! Bounds what is under way at once: beyond it the server says so at once, instead of being late for everybody.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use app::error::AppError;
use axum::{
    extract::{Request, State},
    http::Extensions,
    middleware::Next,
    response::Response,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};

use crate::failure;

/// Whoever has to wait longer than this for a turn of the processors is refused instead.
const MOST_DELAY: Duration = Duration::from_secs(1);

/// How often it is looked how long a turn takes to come.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What all forms that are on their way may take together, in KiB.
const FORMS_KIB: usize = 64 * 1024;

/// Room for so many requests at once. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Room {
    places: Arc<Semaphore>,
    /// Memory for forms that are on their way, in KiB.
    forms: Arc<Semaphore>,
    /// Whether turns take too long to come: requests wait before they are here to be counted.
    late: Arc<AtomicBool>,
    /// Whether some were refused lately, which is logged once and not for each.
    full: Arc<AtomicBool>,
    most: usize,
}

/// A request's place. It goes with the request's extensions, so that work which goes on when its client has hung up still counts.
#[derive(Clone)]
struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
    room: Room,
}

/// Memory for a form of so many `bytes` at most, until what is returned is dropped. Forms that are still on their way take half of all
/// places together, however small they are: who sends slowly leaves room for those who read.
///
/// # Errors
///
/// [`AppError::Busy`] when there is none.
pub fn room_for_form(
    extensions: &Extensions,
    bytes: usize,
) -> Result<Option<OwnedSemaphorePermit>, AppError> {
    let Some(Place { room, .. }) = extensions.get() else { return Ok(None) };
    let least = FORMS_KIB / (room.most / 2).max(1);
    let kib = bytes.div_ceil(1024).max(least).min(FORMS_KIB);
    let taken = room.forms.clone().try_acquire_many_owned(u32::try_from(kib).unwrap_or(u32::MAX));
    taken.map(Some).map_err(|_| AppError::Busy)
}

impl Room {
    /// Room for so many.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let (places, forms) = (Arc::new(Semaphore::new(most)), Arc::new(Semaphore::new(FORMS_KIB)));
        Self { places, forms, late: Arc::default(), full: Arc::default(), most }
    }

    /// Looks from now on how long a turn takes to come, in a task of its own: as long for it as for a request that has just come.
    pub fn watch_delay(&self) {
        let late = self.late.clone();
        tokio::spawn(async move {
            loop {
                let start = Instant::now();
                sleep(LOOK_EVERY).await;
                late.store(start.elapsed() > LOOK_EVERY + MOST_DELAY, Ordering::Relaxed);
            }
        });
    }

    fn enter(&self) -> Option<Place> {
        let late = self.late.load(Ordering::Relaxed);
        let permit = self.places.clone().try_acquire_owned().ok().filter(|_| !late);
        if permit.is_none() {
            metrics::counter!("http_requests_shed_total").increment(1);
            if !self.full.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    most = self.most,
                    late,
                    "more requests at once than there is room for: some are refused"
                );
            }
        } else if self.full.load(Ordering::Relaxed) && self.places.available_permits() >= self.most / 2 {
            self.full.store(false, Ordering::Relaxed);
            tracing::info!("there is room again");
        }
        permit.map(|permit| Place { _permit: Arc::new(permit), room: self.clone() })
    }
}

/// The middleware that refuses what there is no room for, by 503 and the time to come again.
pub async fn shed(State(room): State<Room>, mut request: Request, next: Next) -> Response {
    let Some(place) = room.enter() else {
        return failure::answer(&AppError::Busy, request.headers());
    };
    request.extensions_mut().insert(place.clone());
    let response = next.run(request).await;
    drop(place);
    response
}
