//! The time that sessions go by. Tests turn it by hand and never wait.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use time::{Duration, OffsetDateTime};

/// Tells the time in whole seconds since 1970.
#[derive(Clone, Default)]
pub struct Clock {
    /// `None` for the system's clock.
    turned: Option<Arc<AtomicI64>>,
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

    /// A clock that stands at `seconds` since 1970 until it is [advanced](Self::advance); its clones go with it.
    ///
    /// ```
    /// let clock = session::Clock::manual(1_000);
    /// clock.advance(time::Duration::minutes(2));
    /// assert_eq!(clock.now(), 1_120);
    /// ```
    #[must_use]
    pub fn manual(seconds: i64) -> Self {
        Self { turned: Some(Arc::new(AtomicI64::new(seconds))) }
    }

    /// Turns a manual clock, backwards too. The system's clock takes no notice.
    pub fn advance(&self, by: Duration) {
        if let Some(turned) = &self.turned {
            turned.fetch_add(by.whole_seconds(), Ordering::SeqCst);
        }
    }

    /// Now, in seconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        match &self.turned {
            Some(turned) => turned.load(Ordering::SeqCst),
            None => OffsetDateTime::now_utc().unix_timestamp(),
        }
    }
}
