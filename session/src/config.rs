//! The configuration of sessions.

use time::Duration;

use crate::{Clock, Observer, SigningKeys};

/// The configuration of sessions and their cookie.
///
/// ```
/// use session::{SessionConfig, SigningKeys};
///
/// let keys = SigningKeys::parse(&SigningKeys::generate())?;
/// let config = SessionConfig { idle: time::Duration::hours(2), ..SessionConfig::new(keys) };
/// assert_eq!(config.cookie_name, "__Host-id");
/// # Ok::<(), session::KeyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// The name of the cookie. The `__Host-` prefix requires [`secure`](Self::secure).
    pub cookie_name: &'static str,
    /// Whether the cookie is sent over HTTPS only.
    pub secure: bool,
    /// The keys that sign the cookie.
    pub keys: SigningKeys,
    /// The idle timeout: a session expires when it is unused for this long (ASVS 7.3.1).
    pub idle: Duration,
    /// The absolute timeout: a session expires this long after its creation or sign-in (ASVS 7.3.2).
    pub lifetime: Duration,
    /// Both timeouts of a session with "remember me".
    pub remembered: Duration,
    /// The maximum number of sessions per user. Another sign-in ends the least recently used one (ASVS 7.1.2).
    pub most_per_owner: u32,
    /// The maximum size of a session's values as JSON, in bytes. Every request reads the whole session.
    pub most_bytes: usize,
    /// The capacity of the cache in bytes; 0 disables it. Changes by other processes are visible after a second
    /// at most, so keep it at 0 if several processes share the database.
    pub cached_bytes: u64,
    /// The clock. Replace it in tests.
    pub clock: Clock,
    /// Receives the session events.
    pub observer: Observer,
}

impl SessionConfig {
    /// The defaults: the cookie `__Host-id` over HTTPS only, an idle timeout of 30 minutes, an absolute
    /// timeout of 12 hours, 31 days with "remember me", 50 sessions per user, 1 MiB per session, no cache.
    #[must_use]
    pub fn new(keys: SigningKeys) -> Self {
        Self {
            cookie_name: "__Host-id",
            secure: true,
            keys,
            idle: Duration::minutes(30),
            lifetime: Duration::hours(12),
            remembered: Duration::days(31),
            most_per_owner: 50,
            most_bytes: 1024 * 1024,
            cached_bytes: 0,
            clock: Clock::system(),
            observer: Observer::default(),
        }
    }

    pub(crate) fn idle_timeout(&self, remembered: bool) -> Duration {
        if remembered { self.remembered } else { self.idle }
    }

    /// The minimum time between two recorded uses. A session that is only read can expire this much early.
    pub(crate) fn touch_seconds(&self) -> i64 {
        60.min(self.idle.whole_seconds() / 2)
    }

    pub(crate) fn ends_at(&self, began: i64, remembered: bool) -> i64 {
        began.saturating_add(if remembered { self.remembered } else { self.lifetime }.whole_seconds())
    }

    pub(crate) fn expires_at(&self, used: i64, ends_at: i64, remembered: bool) -> i64 {
        used.saturating_add(self.idle_timeout(remembered).whole_seconds()).min(ends_at)
    }
}
