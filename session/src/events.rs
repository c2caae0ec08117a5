//! Session events, for counting or showing them. They contain neither values nor ids.

use std::{fmt, sync::Arc};

/// An event of a session. Changes of values in a caller's transaction are not reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// It was created by the first write.
    Began,
    /// A value was set or changed.
    Set {
        /// The [`SessionValue::KEY`](crate::SessionValue::KEY).
        key: &'static str,
    },
    /// A value was removed.
    Removed {
        /// The [`SessionValue::KEY`](crate::SessionValue::KEY).
        key: &'static str,
    },
    /// It got a new id.
    Renewed,
    /// A user signed in: the session got a new id, and both timeouts started again.
    Restarted,
    /// "Remember me" was turned on or off.
    Remembered {
        /// Whether it is on.
        remember: bool,
    },
    /// A read recorded that the session is in use, once a minute at most.
    Used,
    /// It was ended in its own browser.
    Ended,
    /// The response sets its cookie.
    CookieSent(CookieReason),
    /// The response does not set its cookie, because the browser has the current one.
    CookieKept,
}

/// Why a response sets the session's cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieReason {
    /// The session was created in this request.
    NewSession,
    /// It has a new id.
    NewId,
    /// "Remember me" changed the lifetime of the cookie.
    NewAge,
    /// The cookie was signed with an old key.
    NewKey,
}

/// A callback for session events. It runs while a request waits, so it must not block.
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
pub struct Observer(Option<Arc<Callback>>);

type Callback = dyn Fn(&str, SessionEvent) + Send + Sync;

impl Observer {
    /// Calls `callback` with the session's handle and the event.
    pub fn new(callback: impl Fn(&str, SessionEvent) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(callback)))
    }

    pub(crate) fn emit(&self, handle: &str, event: SessionEvent) {
        if let Some(callback) = &self.0 {
            callback(handle, event);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observer").field(&self.0.is_some()).finish()
    }
}
