//! The clock that sessions use. Tests advance it instead of waiting.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use time::{Duration, OffsetDateTime};

/// A clock with a resolution of one second: the system's clock, or a manual one for tests.
#[derive(Clone, Default)]
pub struct Clock {
    /// Seconds since 1970; `None` uses the system's clock.
    manual: Option<Arc<AtomicI64>>,
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that shows `seconds` since 1970 until it is [advanced](Self::advance). Clones share its time.
    ///
    /// ```
    /// let clock = session::Clock::manual(1_000);
    /// clock.advance(time::Duration::minutes(2));
    /// assert_eq!(clock.now(), 1_120);
    /// ```
    #[must_use]
    pub fn manual(seconds: i64) -> Self {
        Self { manual: Some(Arc::new(AtomicI64::new(seconds))) }
    }

    /// Moves a manual clock; a negative duration moves it back. Does nothing to the system's clock.
    pub fn advance(&self, by: Duration) {
        if let Some(seconds) = &self.manual {
            seconds.fetch_add(by.whole_seconds(), Ordering::SeqCst);
        }
    }

    /// The current time in seconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        match &self.manual {
            Some(seconds) => seconds.load(Ordering::SeqCst),
            None => OffsetDateTime::now_utc().unix_timestamp(),
        }
    }
}
