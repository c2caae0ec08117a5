//! The flash in the session, between the redirect and the next page.

use session::{Session, SessionError, SessionValue};

use super::Flash;

impl SessionValue for Flash {
    const KEY: &'static str = Flash::KEY;
    // Version 1 had a fixed list of messages.
    const VERSION: u16 = 2;
}

/// Stores a flash for the next page. It replaces one that was not shown yet.
pub async fn put(session: &Session, flash: Flash) -> Result<(), SessionError> {
    session.update(|stored: &mut Flash| *stored = flash.clone().after(stored)).await
}

/// Removes and returns the flash for the page at `path`.
pub async fn take(session: &Session, path: &str) -> Result<Flash, SessionError> {
    let (taken, left) = session.read::<Flash>().await?.unwrap_or_default().split(path);
    if taken.is_empty() {
        return Ok(taken);
    }
    let taken = if left.is_empty() {
        // `None` if another tab has taken it meanwhile.
        session.remove::<Flash>().await.map(|flash| flash.unwrap_or_default().split(path).0)
    } else {
        let take = |stored: &mut Flash| {
            let (taken, left) = stored.clone().split(path);
            *stored = left;
            taken
        };
        session.update(take).await
    };
    match taken {
        Err(SessionError::Ended) => Ok(Flash::default()),
        taken => taken,
    }
}
