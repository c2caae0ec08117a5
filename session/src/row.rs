//! A row of the table `sessions`.

use crate::{SessionError, value::Data};

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

/// The values as JSON text.
pub(crate) fn encode(data: &Data) -> Result<String, SessionError> {
    serde_json::to_string(data).map_err(|source| SessionError::Encode { key: "session", source })
}
