//! Bounds what is under way at once: beyond it the server says so at once, instead of being late for everybody.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use app::error::AppError;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{failure, forms};

/// Room for so many requests at once. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Room {
    places: Arc<Semaphore>,
    /// Whether some were refused lately, which is logged once and not for each.
    full: Arc<AtomicBool>,
    most: usize,
}

/// A request's place. It goes with the request's extensions, so that work which goes on when its client has hung up still counts.
#[derive(Clone)]
struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
}

impl Room {
    /// Room for so many.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(most)), full: Arc::default(), most }
    }

    fn enter(&self) -> Option<Place> {
        let permit = self.places.clone().try_acquire_owned().ok();
        if permit.is_none() {
            metrics::counter!("http_requests_shed_total").increment(1);
            if !self.full.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    most = self.most,
                    "more requests at once than there is room for: some are refused"
                );
            }
        } else if self.full.load(Ordering::Relaxed) && self.places.available_permits() > self.most / 2 {
            self.full.store(false, Ordering::Relaxed);
            tracing::info!("there is room again");
        }
        permit.map(|permit| Place { _permit: Arc::new(permit) })
    }
}

/// The middleware that refuses what there is no room for, by 503 and the time to come again.
pub async fn shed(State(room): State<Room>, mut request: Request, next: Next) -> Response {
    let Some(place) = room.enter() else {
        let error = AppError::Busy;
        return if forms::accepts_html(request.headers()) {
            failure::page(&error)
        } else {
            forms::json(&error)
        };
    };
    request.extensions_mut().insert(place.clone());
    let response = next.run(request).await;
    drop(place);
    response
}
