//! The message waits in the session, from the redirect to the next page.

use session::{Session, SessionError, SessionValue};

use super::Flash;

impl SessionValue for Flash {
    const KEY: &'static str = "flash";
}

/// Keeps a message for the next page, in place of one that nobody has seen yet.
///
/// # Errors
///
/// [`SessionError`] when the session cannot be written.
pub async fn keep(session: &Session, flash: Flash) -> Result<(), SessionError> {
    session.update(|kept: &mut Flash| kept.clone_from(&flash)).await
}

/// Takes what waits: it is shown once. Writes nothing when there is nothing.
///
/// # Errors
///
/// [`SessionError`] when the session cannot be read or written.
pub async fn take(session: &Session) -> Result<Flash, SessionError> {
    if session.read::<Flash>().await?.is_none_or(|flash| flash.is_empty()) {
        return Ok(Flash::default());
    }
    match session.remove::<Flash>().await {
        // Another tab may have been faster.
        Ok(flash) => Ok(flash.unwrap_or_default()),
        Err(SessionError::Ended) => Ok(Flash::default()),
        Err(error) => Err(error),
    }
}
