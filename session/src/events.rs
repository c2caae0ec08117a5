//! What happens to sessions, told to whoever wants to count it or to show it. Neither values nor ids are part of it.

use std::{fmt, sync::Arc};

/// Something that has happened to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// It began: something was written for a visitor who had none.
    Began,
    /// A value was set or changed; not told of changes within a caller's transaction, which may be undone.
    Set {
        /// The [`SessionValue::KEY`](crate::SessionValue::KEY).
        key: &'static str,
    },
    /// A value was taken out.
    Removed {
        /// The [`SessionValue::KEY`](crate::SessionValue::KEY).
        key: &'static str,
    },
    /// It goes on under a new id.
    Renewed,
    /// Its visitor has signed in: a new id, and the clocks start anew.
    Restarted,
    /// Its visitor chose to be remembered, or not to be.
    Remembered {
        /// Whether to be remembered.
        remember: bool,
    },
    /// It was noted that it is in use, which happens once a minute at most.
    Used,
    /// Its visitor ended it.
    Ended,
    /// The response carries its cookie.
    CookieSent(CookieReason),
    /// The response does not carry its cookie: the browser has it already, and nothing about it has changed.
    CookieKept,
}

/// Why a response carries the session's cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieReason {
    /// The session began in this request.
    NewSession,
    /// It has a new id.
    NewId,
    /// Its visitor chose how long the browser keeps it.
    NewAge,
    /// It was signed with a key that has been replaced since.
    NewKey,
}

/// Is told what happens to sessions, each by its handle. It is called while a request waits: it must not block.
///
/// ```
/// use session::{Observer, SessionConfig, SessionEvent, SigningKeys};
///
/// let keys = SigningKeys::parse(&SigningKeys::generate())?;
/// let observer = Observer::new(|_handle, event| {
///     if event == SessionEvent::Began {
///         println!("a session began");
///     }
/// });
/// let config = SessionConfig { observer, ..SessionConfig::new(keys) };
/// # Ok::<(), session::KeyError>(())
/// ```
#[derive(Clone, Default)]
pub struct Observer(Option<Arc<Tell>>);

type Tell = dyn Fn(&str, SessionEvent) + Send + Sync;

impl Observer {
    /// Calls `tell` with a session's handle and what has happened to it.
    pub fn new(tell: impl Fn(&str, SessionEvent) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    pub(crate) fn tell(&self, handle: &str, event: SessionEvent) {
        if let Some(tell) = &self.0 {
            tell(handle, event);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observer").field(&self.0.is_some()).finish()
    }
}
