//! Reads a session for the explorer, and keeps a log of its events.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use moka::sync::Cache;
use session::{Clock, CookieReason, Observer, Session, SessionEvent, SessionValue};
use web::{
    context::expect_service,
    error::{AppError, ForField, Invalid, Refusal},
    feature::Features,
    flash::Flash,
    server_feature::{ServerFeature, ServerHooks, Setup},
};

use super::{
    CookieFacts, JsonText, Key, LogEntry, LogEvent, Notes, Pantry, SentBecause, SessionFacts, SessionView,
    ValueFacts,
};

impl SessionValue for Notes {
    const KEY: &'static str = "notes";
}

impl SessionValue for Pantry {
    const KEY: &'static str = "pantry";
}

pub(super) const NO_SESSION: Refusal =
    Refusal::new(409, "no_session", "You do not have a session yet. It starts with the first value.");

const RESERVED: Invalid = Invalid::new("This key is used by the app. Please choose another one.");

/// The visitor's own values are logged one by one, and flash messages would fill the log.
const UNLOGGED: &[&str] = &[Notes::KEY, Flash::KEY];

pub(super) const SERVER: ServerHooks = &Hooks;

#[derive(Debug)]
struct Hooks;

impl ServerFeature for Hooks {
    fn start(&self, setup: &mut Setup) {
        let log = SessionLog::new();
        setup.sessions.observer = log.observer(setup.sessions.clock.clone());
        setup.provide(log);
    }
}

/// Parses the field `key`: a key that the app does not use.
pub(super) fn parse_unreserved(key: &str) -> Result<Key, AppError> {
    let key = Key::parse(key).for_field("key")?;
    if key.as_str() == Flash::KEY || Features::current().uses_session_key(key.as_str()) {
        return Err(RESERVED.for_field("key"));
    }
    Ok(key)
}

/// Logs a change of one of the visitor's own values.
pub(super) async fn log(session: &Session, event: LogEvent) -> Result<(), AppError> {
    if let Some(handle) = session.handle().await? {
        expect_service::<SessionLog>()?.add(&handle, session.now(), event);
    }
    Ok(())
}

/// The session as the explorer shows it.
pub(super) async fn show(session: &Session) -> Result<SessionView, AppError> {
    let Some(stored) = session.inspect().await? else { return Ok(SessionView::default()) };
    let now = session.now();
    // This response's cookie is logged after the response has been made.
    let next = stored.cookie.sent.map_or(SessionEvent::CookieKept, SessionEvent::CookieSent);
    let log = expect_service::<SessionLog>()?.read_with(&stored.handle, now, next.into());
    let mut view = SessionView { log, ..SessionView::default() };
    for (key, value) in stored.read::<Notes>().unwrap_or_default().0 {
        view.add(ValueFacts { key, bytes: value.as_str().len(), own: true }, value);
    }
    for value in stored.values().filter(|value| value.key != Notes::KEY) {
        // Session values are JSON.
        let json = JsonText::parse(value.json).map_err(|_| AppError::Internal)?;
        view.add(ValueFacts { key: value.key.to_owned(), bytes: value.bytes, own: false }, json);
    }
    view.session = Some(SessionFacts {
        id: stored.masked_id,
        began_at: stored.began_at,
        used_at: stored.used_at,
        now,
        expires_at: stored.expires_at,
        ends_at: stored.ends_at,
        idle: stored.idle.whole_seconds(),
        remembered: stored.remembered,
        signed_in: stored.owned,
        writes: stored.writes,
        bytes: stored.bytes,
        cookie: CookieFacts {
            name: stored.cookie.name.to_owned(),
            bytes: stored.cookie.bytes,
            secure: stored.cookie.secure,
            max_age: stored.cookie.max_age.map(|age| age.whole_seconds()),
        },
    });
    Ok(view)
}

/// The latest events of each session, in the memory of this server. Lost at a restart. Cheap to clone.
#[derive(Clone, Debug)]
struct SessionLog(Cache<String, Arc<Mutex<VecDeque<LogEntry>>>>);

impl SessionLog {
    const MAX_ENTRIES: usize = 20;
    /// Twenty entries take one or two kilobytes, or six with the longest keys.
    const MAX_SESSIONS: u64 = 5_000;
    /// When the log of an unused session is dropped.
    const IDLE: Duration = Duration::from_secs(60 * 60);

    fn new() -> Self {
        Self(Cache::builder().max_capacity(Self::MAX_SESSIONS).time_to_idle(Self::IDLE).build())
    }

    /// An observer that logs the events of all sessions.
    fn observer(&self, clock: Clock) -> Observer {
        let log = self.clone();
        Observer::new(move |handle, event| match event {
            SessionEvent::Set { key } | SessionEvent::Removed { key } if UNLOGGED.contains(&key) => {}
            event => log.add(handle, clock.now(), event.into()),
        })
    }

    /// Adds an event, at `at` in seconds since 1970.
    fn add(&self, handle: &str, at: i64, event: LogEvent) {
        let entries = self.0.get_with_by_ref(handle, Arc::default);
        push(&mut entries.lock().unwrap_or_else(PoisonError::into_inner), at, event);
    }

    /// The entries of a session, the newest first, as they will be after one more event.
    fn read_with(&self, handle: &str, at: i64, event: LogEvent) -> Vec<LogEntry> {
        let stored = self.0.get(handle).unwrap_or_default();
        let mut entries = stored.lock().unwrap_or_else(PoisonError::into_inner).clone();
        push(&mut entries, at, event);
        entries.into_iter().rev().collect()
    }
}

/// Adds an entry. The same event several times in a row is one entry.
fn push(entries: &mut VecDeque<LogEntry>, at: i64, what: LogEvent) {
    if let Some(last) = entries.back_mut().filter(|last| last.what == what) {
        last.at = at;
        last.times = last.times.saturating_add(1);
        return;
    }
    if entries.len() == SessionLog::MAX_ENTRIES {
        entries.pop_front();
    }
    entries.push_back(LogEntry { at, times: 1, what });
}

impl From<SessionEvent> for LogEvent {
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
            SessionEvent::CookieSent(reason) => Self::CookieSent {
                because: match reason {
                    CookieReason::NewSession => SentBecause::NewSession,
                    CookieReason::NewId => SentBecause::NewId,
                    CookieReason::NewAge => SentBecause::NewAge,
                    CookieReason::NewKey => SentBecause::NewKey,
                },
            },
            SessionEvent::CookieKept => Self::CookieKept,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_events_are_one_entry_and_the_oldest_are_dropped() {
        let log = SessionLog::new();
        for at in 0..3 {
            log.add("handle", at, LogEvent::CookieKept);
        }
        let seen = log.read_with("handle", 3, LogEvent::CookieKept);
        assert_eq!(seen, [LogEntry { at: 3, times: 4, what: LogEvent::CookieKept }]);
        for number in 0..30 {
            log.add("handle", number, LogEvent::Set { key: number.to_string() });
        }
        let seen = log.read_with("handle", 99, LogEvent::CookieKept);
        assert_eq!(seen.len(), SessionLog::MAX_ENTRIES);
        assert_eq!((&seen[0].what, seen[19].at), (&LogEvent::CookieKept, 11));
        assert_eq!(log.read_with("another", 1, LogEvent::Created).len(), 1);
    }
}
