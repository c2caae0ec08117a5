//! The flash in the session, between the redirect and the next page.

use session::{Session, SessionError, SessionValue};

use super::Flash;

impl SessionValue for Flash {
    const KEY: &'static str = Flash::KEY;
    // Version 1 had a fixed list of messages.
    const VERSION: u16 = 2;
}

/// Stores a flash for the next page, in place of one that was not shown yet.
///
/// # Errors
///
/// [`SessionError`] when the session cannot be written.
pub async fn put(session: &Session, flash: Flash) -> Result<(), SessionError> {
    session.update(|stored: &mut Flash| *stored = flash.clone().after(stored)).await
}

/// Takes the flash for the page at `path`. Writes nothing when there is none.
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
        let removed = session.remove::<Flash>().await;
        removed.map(|removed| removed.map_or(Flash::default(), |flash| flash.split(path).0))
    } else {
        let take = |stored: &mut Flash| {
            let (taken, left) = stored.clone().split(path);
            *stored = left;
            taken
        };
        session.update(take).await
    };
    match done {
        Err(SessionError::Ended) => Ok(Flash::default()),
        done => done,
    }
}
