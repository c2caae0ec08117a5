//! A user's session as listed to the user, and how long a session remains valid.

use time::Duration;

use crate::{SessionValue, value::extract};

/// A session of a user.
pub struct OwnedSession {
    pub(crate) owner: Option<String>,
    pub(crate) handle: String,
    pub(crate) began_at: i64,
    pub(crate) used_at: i64,
    /// The values as JSON text.
    pub(crate) data: String,
}

impl std::fmt::Debug for OwnedSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnedSession").finish_non_exhaustive()
    }
}

impl OwnedSession {
    /// The signed-in user, or `None` for a guest.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// Identifies the session to its user. Stays the same when the id changes; does not work as a cookie.
    #[must_use]
    pub fn handle(&self) -> &str {
        &self.handle
    }

    /// When the user signed in, in seconds since 1970.
    #[must_use]
    pub fn began_at(&self) -> i64 {
        self.began_at
    }

    /// When it was last used, in seconds since 1970, recorded once a minute.
    #[must_use]
    pub fn used_at(&self) -> i64 {
        self.used_at
    }

    /// Returns the value of type `T`. The other values are not decoded.
    #[must_use]
    pub fn read<T: SessionValue>(&self) -> Option<T> {
        extract(&self.data)
    }
}

/// How long a session remains valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// The time until it expires unless it is used again.
    pub unused: Duration,
    /// The time until its absolute timeout.
    pub at_most: Duration,
    /// The idle timeout.
    pub idle: Duration,
}
