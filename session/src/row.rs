//! A row of the table `sessions`.

use time::Duration;

use crate::{SessionConfig, SessionError, value::Data};

/// A row of the table `sessions`. Times are in seconds since 1970.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) data: Data,
    /// Increases with every change. A change is written only to the version that it was made from.
    pub(crate) version: i64,
    pub(crate) began_at: i64,
    /// When it was last used, recorded once a minute.
    pub(crate) used_at: i64,
    /// The absolute timeout.
    pub(crate) ends_at: i64,
    /// The idle timeout or the absolute timeout, whichever is first.
    pub(crate) expires_at: i64,
    pub(crate) remembered: bool,
    /// The signed-in user.
    pub(crate) owner: Option<String>,
    /// Identifies the session to its user; stays the same when the id changes.
    pub(crate) handle: String,
}

impl Row {
    /// Records a use of the session, which postpones its idle timeout.
    pub(crate) fn touch(&mut self, now: i64, config: &SessionConfig) {
        self.used_at = now;
        self.expires_at = config.expires_at(now, self.ends_at, self.remembered);
    }

    /// How much longer the browser keeps the cookie; `None` means until it closes.
    pub(crate) fn cookie_max_age(&self, now: i64) -> Option<Duration> {
        self.remembered.then(|| Duration::seconds(self.ends_at - now))
    }
}

/// The values as JSON text.
pub(crate) fn encode(data: &Data) -> Result<String, SessionError> {
    serde_json::to_string(data).map_err(|source| SessionError::Encode { key: "session", source })
}
