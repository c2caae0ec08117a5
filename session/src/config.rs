//! How sessions are kept, and how long.

use time::Duration;

use crate::{Clock, Observer, SigningKeys};

/// How sessions are kept and how their cookie looks.
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
    /// The cookie's name. With the `__Host-` prefix it must be [`secure`](Self::secure) too.
    pub cookie_name: &'static str,
    /// Whether the cookie travels over HTTPS only.
    pub secure: bool,
    /// The keys that sign the cookie.
    pub keys: SigningKeys,
    /// A session that is unused for so long is over (ASVS 7.3.1).
    pub idle: Duration,
    /// A session is over so long after it began, however busy (ASVS 7.3.2).
    pub lifetime: Duration,
    /// Both limits for a visitor who chose to be remembered.
    pub remembered: Duration,
    /// An owner who signs in once more than this loses the session that was used least lately (ASVS 7.1.2).
    pub most_per_owner: u32,
    /// A write that would make a session's values larger than so many bytes is refused, because every request reads the whole
    /// session. How many sessions somebody may begin is not limited by it.
    pub most_bytes: usize,
    /// Sessions that were read within the last second are kept in memory, of so many bytes together, which saves most trips to the
    /// database. What this process changes is seen at once; what another one does, after a second at most. Set it to 0 where
    /// several processes share the database.
    pub cached_bytes: u64,
    /// The time that sessions go by.
    pub clock: Clock,
    /// Who is told what happens to sessions.
    pub observer: Observer,
}

impl SessionConfig {
    /// The usual settings: cookie `__Host-id`, over HTTPS only, 30 minutes idle, 12 hours in all, 31 days when remembered,
    /// 50 sessions for each owner, 1 MiB in each, none kept in memory.
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

    /// Reading notes that a session is in use once in so many seconds, so that it costs no write each time: once a minute, or
    /// more often where an idle session lasts a minute or two. One that is only read may end so much early.
    pub(crate) fn touch_seconds(&self) -> i64 {
        60.min(self.idle.whole_seconds() / 2)
    }

    /// When a session that began at `began` ends at the latest, in seconds since 1970.
    pub(crate) fn ends_at(&self, began: i64, remembered: bool) -> i64 {
        began.saturating_add(if remembered { self.remembered } else { self.lifetime }.whole_seconds())
    }

    /// When a session that was used at `used` and ends at `ends_at` is over, unless it is used again.
    pub(crate) fn expires_at(&self, used: i64, ends_at: i64, remembered: bool) -> i64 {
        used.saturating_add(if remembered { self.remembered } else { self.idle }.whole_seconds()).min(ends_at)
    }
}
