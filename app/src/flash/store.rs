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
    session.update(|kept: &mut Flash| *kept = flash.clone().after(kept)).await
}

/// Takes what waits for the page at `path`: it is shown once. Writes nothing when there is nothing.
///
/// # Errors
///
/// [`SessionError`] when the session cannot be read or written.
pub async fn take(session: &Session, path: &str) -> Result<Flash, SessionError> {
    let waiting = session.read::<Flash>().await?.unwrap_or_default();
    let (taken, left) = waiting.split(path);
    if taken.is_empty() {
        return Ok(taken);
    }
    let done = if left.is_empty() {
        // Another tab may have been faster.
        session
            .remove::<Flash>()
            .await
            .map(|removed| removed.map_or(Flash::default(), |flash| flash.split(path).0))
    } else {
        let take = |kept: &mut Flash| {
            let (taken, left) = kept.clone().split(path);
            *kept = left;
            taken
        };
        session.update(take).await
    };
    match done {
        Err(SessionError::Ended) => Ok(Flash::default()),
        done => done,
    }
}
