//! What the session keeps for the explorer, and what it tells about itself.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use moka::sync::Cache;
use session::{Clock, CookieReason, Observer, Session, SessionEvent, SessionValue};

use super::{
    CookieFacts, Happening, JsonText, Key, LogEntry, Notes, Pantry, SentBecause, SessionFacts, SessionView,
};
use crate::{
    auth::SignIn,
    context,
    error::{AppError, Field, Problem},
    flash::Flash,
    preferences::Theme,
    visits::Visits,
};

impl SessionValue for Notes {
    const KEY: &'static str = "notes";
}

impl SessionValue for Pantry {
    const KEY: &'static str = "pantry";
}

/// What the app keeps under keys of its own.
const RESERVED: &[&str] = &[
    Notes::KEY,
    Pantry::KEY,
    SignIn::KEY,
    Flash::KEY,
    Theme::KEY,
    Visits::KEY,
    // <shop>
    crate::cart::Cart::KEY,
    // </shop>
];

/// What is not written down as it happens: the visitor's own values are noted one by one, and the messages of plain forms would
/// be all that there is to see.
const UNTOLD: &[&str] = &[Notes::KEY, Flash::KEY];

/// A key that the app does not use.
///
/// # Errors
///
/// [`AppError::Invalid`] for the field `key`.
pub(super) fn free(key: &str) -> Result<Key, AppError> {
    let key = Key::parse(key)?;
    if RESERVED.contains(&key.as_str()) {
        return Err(AppError::invalid(Field::Key, Problem::Reserved));
    }
    Ok(key)
}

/// Writes down what happened to one of the visitor's own values.
///
/// # Errors
///
/// [`AppError::Unavailable`] when the session fails.
pub(super) async fn note(session: &Session, what: Happening) -> Result<(), AppError> {
    if let Some(handle) = session.handle().await? {
        context::log()?.note(&handle, session.now(), what);
    }
    Ok(())
}

/// All that is kept in a session.
///
/// # Errors
///
/// [`AppError::Unavailable`] when the session fails.
pub(super) async fn show(session: &Session) -> Result<SessionView, AppError> {
    let Some(kept) = session.inspect().await? else { return Ok(SessionView::default()) };
    let now = session.now();
    // What this response is going to do is written down after it has been made.
    let coming = kept.cookie.sent.map_or(SessionEvent::CookieKept, SessionEvent::CookieSent);
    let log = context::log()?.read_with(&kept.handle, now, coming.into());
    let mut view = SessionView { log, ..SessionView::default() };
    for (key, value) in kept.read::<Notes>().unwrap_or_default().into_values() {
        view.add_own(key, value);
    }
    for value in kept.values().filter(|value| value.key != Notes::KEY) {
        // What the session holds is JSON.
        let json = JsonText::parse(value.json).map_err(|_| AppError::Internal)?;
        view.add_apps(value.key, json, value.bytes);
    }
    view.session = Some(SessionFacts {
        id: kept.masked_id,
        began_at: kept.began_at,
        used_at: kept.used_at,
        now,
        expires_at: kept.expires_at,
        ends_at: kept.ends_at,
        idle: kept.idle.whole_seconds(),
        remembered: kept.remembered,
        signed_in: kept.owned,
        writes: kept.writes,
        bytes: kept.bytes,
        cookie: CookieFacts {
            name: kept.cookie.name.to_owned(),
            bytes: kept.cookie.bytes,
            secure: kept.cookie.secure,
            max_age: kept.cookie.max_age.map(|age| age.whole_seconds()),
        },
    });
    Ok(view)
}

/// The last things that happened to each session, in the memory of this server: for looking at, and gone with a restart.
#[derive(Clone, Debug)]
pub struct SessionLog {
    sessions: Cache<String, Arc<Mutex<VecDeque<LogEntry>>>>,
}

impl SessionLog {
    /// Entries for each session.
    const MOST: usize = 20;
    /// Sessions: twenty entries take a kilobyte or two, and six with the longest keys.
    const SESSIONS: u64 = 5_000;
    /// What happened to a session that nobody has used for so long is forgotten.
    const IDLE: Duration = Duration::from_secs(60 * 60);

    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self { sessions: Cache::builder().max_capacity(Self::SESSIONS).time_to_idle(Self::IDLE).build() }
    }

    /// Writes down what happens to sessions.
    #[must_use]
    pub fn observer(&self, clock: Clock) -> Observer {
        let log = self.clone();
        Observer::new(move |handle, event| match event {
            SessionEvent::Set { key } | SessionEvent::Removed { key } if UNTOLD.contains(&key) => {}
            event => log.note(handle, clock.now(), event.into()),
        })
    }

    /// Writes down what happened to the session with this handle at `at`, in seconds since 1970.
    pub fn note(&self, handle: &str, at: i64, what: Happening) {
        let entries = match self.sessions.get(handle) {
            Some(entries) => entries,
            None => self.sessions.get_with(handle.to_owned(), Arc::default),
        };
        // Nobody panics while writing; and if so, it is but a log.
        add(&mut entries.lock().unwrap_or_else(PoisonError::into_inner), at, what);
    }

    /// The entries of a session, the latest first, as they will be when `what` has happened at `at`.
    fn read_with(&self, handle: &str, at: i64, what: Happening) -> Vec<LogEntry> {
        let kept = self.sessions.get(handle);
        let mut entries =
            kept.map_or(VecDeque::new(), |kept| kept.lock().unwrap_or_else(PoisonError::into_inner).clone());
        add(&mut entries, at, what);
        entries.into_iter().rev().collect()
    }
}

impl Default for SessionLog {
    fn default() -> Self {
        Self::new()
    }
}

/// Adds an entry. What happens again and again takes one.
fn add(entries: &mut VecDeque<LogEntry>, at: i64, what: Happening) {
    if let Some(last) = entries.back_mut().filter(|last| last.what == what) {
        last.at = at;
        last.times = last.times.saturating_add(1);
        return;
    }
    if entries.len() == SessionLog::MOST {
        entries.pop_front();
    }
    entries.push_back(LogEntry { at, times: 1, what });
}

impl From<SessionEvent> for Happening {
    fn from(event: SessionEvent) -> Self {
        match event {
            SessionEvent::Began => Self::Created,
            SessionEvent::Set { key } => Self::Set { key: key.to_owned() },
            SessionEvent::Removed { key } => Self::Removed { key: key.to_owned() },
            SessionEvent::Renewed => Self::Renewed,
            SessionEvent::Restarted => Self::SignedIn,
            SessionEvent::Remembered { remember } => Self::Remembered { remember },
            SessionEvent::Used => Self::Used,
            SessionEvent::Ended => Self::Ended,
            SessionEvent::CookieSent(reason) => Self::CookieSent { because: reason.into() },
            SessionEvent::CookieKept => Self::CookieKept,
        }
    }
}

impl From<CookieReason> for SentBecause {
    fn from(reason: CookieReason) -> Self {
        match reason {
            CookieReason::NewSession => Self::NewSession,
            CookieReason::NewId => Self::NewId,
            CookieReason::NewAge => Self::NewAge,
            CookieReason::NewKey => Self::NewKey,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_again_and_again_takes_one_entry_and_the_oldest_give_way() {
        let log = SessionLog::new();
        for at in 0..3 {
            log.note("handle", at, Happening::CookieKept);
        }
        let seen = log.read_with("handle", 3, Happening::CookieKept);
        assert_eq!(seen, [LogEntry { at: 3, times: 4, what: Happening::CookieKept }]);
        for number in 0..30 {
            log.note("handle", number, Happening::Set { key: number.to_string() });
        }
        let seen = log.read_with("handle", 99, Happening::CookieKept);
        assert_eq!(seen.len(), SessionLog::MOST);
        assert_eq!((&seen[0].what, seen[19].at), (&Happening::CookieKept, 11));
        assert_eq!(log.read_with("another", 1, Happening::Created).len(), 1);
    }
}
