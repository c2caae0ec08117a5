//! The handle that a request has on its visitor's session.
//!
//! Every change is in the store when its call returns. It is made from the newest version that the store has, and goes through
//! only if that is still the newest; else it is made again.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderValue,
        header::{CACHE_CONTROL, SET_COOKIE, VARY},
        request::Parts,
    },
};
use serde_json::Value;
use time::Duration;
use tokio::sync::Mutex;

use crate::{
    SessionError, SessionValue, Sessions,
    cookie::{self, Presented},
    id::SessionId,
    keys::Signature,
    store::Row,
    value::{decode, encode},
};

/// Reading notes that a session is in use once in so many seconds, so that it costs no write each time. A session that is
/// only read may therefore end so much early.
const TOUCH_SECONDS: i64 = 60;

/// The session of the visitor who sent this request: an extractor, cheap to clone.
///
/// It holds nothing that could be replayed, and its `Debug` form shows none of the visitor's data.
#[derive(Clone)]
pub struct Session {
    shared: Arc<Shared>,
}

struct Shared {
    sessions: Sessions,
    presented: Presented,
    /// Set once the response's head is made: from then on a new cookie could not be sent.
    begun: AtomicBool,
    state: Mutex<State>,
}

struct State {
    phase: Phase,
    /// Whether the response depends on the session.
    used: bool,
    cookie: CookieChange,
    /// Chosen before there was a row to keep it in.
    remember: bool,
}

/// What this request knows of its session.
enum Phase {
    /// The visitor presents an id; the store was not asked yet.
    Unread(SessionId, Signature),
    /// There is none: a write begins one, under a new id.
    None,
    /// There is one.
    Live(SessionId, Row),
    /// The visitor presents an id whose session is over. Nothing is written, lest a sign-out be undone.
    Ended,
}

/// What the response does about the cookie.
#[derive(Clone, Copy, PartialEq)]
enum CookieChange {
    Keep,
    /// The id was made in this request: nobody else can have ended it.
    Give,
    /// The id is the presented one, with another signature or age.
    GiveAgain,
    Remove,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(sessions: Sessions, headers: &HeaderMap) -> Self {
        let presented = cookie::read(headers, sessions.config());
        let (phase, cookie) = match presented {
            Presented::Nothing => (Phase::None, CookieChange::Keep),
            Presented::Forged => (Phase::None, CookieChange::Remove),
            Presented::Id(id, signature) => (Phase::Unread(id, signature), CookieChange::Keep),
        };
        let state = Mutex::new(State { phase, used: false, cookie, remember: false });
        Self { shared: Arc::new(Shared { sessions, presented, begun: AtomicBool::new(false), state }) }
    }

    /// The session of a request that came through a [`SessionLayer`](crate::SessionLayer).
    ///
    /// # Errors
    ///
    /// [`SessionError::NoLayer`] when there is no such layer around the route.
    pub fn of(parts: &Parts) -> Result<Self, SessionError> {
        parts.extensions.get::<Self>().cloned().ok_or(SessionError::NoLayer)
    }

    /// The value kept under `T`'s key, if there is one.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn read<T: SessionValue>(&self) -> Result<Option<T>, SessionError> {
        let mut state = self.shared.state.lock().await;
        self.load(&mut state).await?;
        Ok(match &state.phase {
            Phase::Live(_, row) => row.data.get(T::KEY).cloned().and_then(decode),
            _ => None,
        })
    }

    /// Changes the value kept under `T`'s key (its default where there is none) and returns what `change` returns.
    ///
    /// The change is made to the newest value that there is, whoever else is writing, here or in another process: `change` is
    /// called again when somebody else was faster, and what it made before is dropped. A value that it leaves as it was is
    /// not written. Other keys are never touched.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`] when the session is over, [`SessionError::Late`] when the response has begun,
    /// [`SessionError::Encode`] when the new value is no JSON, [`SessionError::Store`] when the store fails.
    pub async fn update<T, R>(&self, mut change: impl FnMut(&mut T) -> R + Send) -> Result<R, SessionError>
    where
        T: SessionValue + Default,
        R: Send,
    {
        self.change(T::KEY, |stored| {
            let mut value = stored.cloned().and_then(decode::<T>).unwrap_or_default();
            let untouched = if stored.is_some() { None } else { Some(encode(&value)?) };
            let result = change(&mut value);
            let value = encode(&value)?;
            // A default that stays a default is no change.
            let changed = untouched.as_ref().or(stored) != Some(&value);
            Ok((changed.then_some(Some(value)), result))
        })
        .await
    }

    /// Takes the value out of the session.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub async fn remove<T: SessionValue>(&self) -> Result<Option<T>, SessionError> {
        let removed = self.change(T::KEY, |stored| Ok((stored.map(|_| None), stored.cloned()))).await?;
        Ok(removed.and_then(decode))
    }

    /// Gives the session a new id and keeps its values and its clocks. From then on the old id is worth nothing. A visitor
    /// without a session gets none.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`], [`SessionError::Late`] and [`SessionError::Store`], as [`update`](Self::update).
    pub async fn renew(&self) -> Result<(), SessionError> {
        let mut state = self.shared.state.lock().await;
        self.refuse_late("renew")?;
        self.load(&mut state).await?;
        match &state.phase {
            Phase::Live(old, _) => {
                let (old, new) = (*old, SessionId::random());
                let now = self.shared.sessions.now();
                let renewed = self.shared.sessions.store().renew(&old.hash(), &new.hash(), now).await?;
                let Some(row) = renewed else {
                    state.phase = Phase::Ended;
                    return Err(SessionError::Ended);
                };
                tracing::debug!(old = %old.hash(), new = %new.hash(), "renewed a session");
                state.phase = Phase::Live(new, row);
                state.cookie = CookieChange::Give;
                Ok(())
            }
            Phase::Ended => Err(SessionError::Ended),
            Phase::None | Phase::Unread(..) => Ok(()),
        }
    }

    /// Like [`renew`](Self::renew), for a visitor who has just proved who it is: the clocks start anew, and one whose session
    /// has ended begins another. Due at each sign-in (ASVS 7.2.4). `remember` chooses between the two pairs of clocks.
    ///
    /// # Errors
    ///
    /// As [`renew`](Self::renew), without [`SessionError::Ended`] for a session that had ended before.
    pub async fn restart(&self, remember: bool) -> Result<(), SessionError> {
        self.start_over().await?;
        self.renew().await?;
        self.set_clocks(remember, true).await
    }

    /// Chooses between the usual clocks, with a cookie until the browser closes, and the longer ones of "remember me". The
    /// choice is kept with the session, so that later writes keep it.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub async fn remember(&self, remember: bool) -> Result<(), SessionError> {
        self.set_clocks(remember, false).await
    }

    async fn set_clocks(&self, remember: bool, restart: bool) -> Result<(), SessionError> {
        let mut state = self.shared.state.lock().await;
        self.refuse_late("remember")?;
        self.load(&mut state).await?;
        state.remember = remember;
        let now = self.shared.sessions.now();
        self.replace(&mut state, |row, config| {
            if restart {
                row.began_at = now;
            }
            row.remembered = remember;
            row.ends_at = config.ends_at(row.began_at, remember);
            row.used_at = now;
            row.expires_at = config.expires_at(now, row.ends_at, remember);
            Ok(true)
        })
        .await?;
        if state.cookie == CookieChange::Keep && matches!(state.phase, Phase::Live(..)) {
            state.cookie = CookieChange::GiveAgain;
        }
        Ok(())
    }

    /// Ends the session: its values are gone, and its cookie is removed. What is written afterwards, in this request too, is
    /// in a new session under a new id.
    ///
    /// # Errors
    ///
    /// [`SessionError::Late`] and [`SessionError::Store`].
    pub async fn end(&self) -> Result<(), SessionError> {
        let mut state = self.shared.state.lock().await;
        self.refuse_late("end")?;
        self.load(&mut state).await?;
        if let Phase::Live(id, _) = &state.phase {
            self.shared.sessions.store().delete(&id.hash()).await?;
            tracing::debug!(session = %id.hash(), "ended a session");
            let presented = self.shared.presented != Presented::Nothing;
            state.cookie = if presented { CookieChange::Remove } else { CookieChange::Keep };
        }
        state.phase = Phase::None;
        state.remember = false;
        Ok(())
    }

    /// Lets a visitor whose session has ended begin another one with the next write. Without this call such writes are refused
    /// with [`SessionError::Ended`], so that a request that was under way during a sign-out leaves nothing behind. Returns
    /// whether a session had ended. Right where a visitor opens a page; wrong in what a page does in the background.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn start_over(&self) -> Result<bool, SessionError> {
        let mut state = self.shared.state.lock().await;
        self.load(&mut state).await?;
        let ended = matches!(state.phase, Phase::Ended);
        if ended {
            state.phase = Phase::None;
        }
        Ok(ended)
    }

    /// Asks the store for the presented session, once.
    async fn load(&self, state: &mut State) -> Result<(), SessionError> {
        state.used = true;
        let Phase::Unread(id, signature) = state.phase else { return Ok(()) };
        let sessions = &self.shared.sessions;
        let (hash, now) = (id.hash(), sessions.now());
        if let Some(mut row) = sessions.store().find(&hash, now).await? {
            if now - row.used_at >= TOUCH_SECONDS {
                row.used_at = now;
                row.expires_at = sessions.config().expires_at(now, row.ends_at, row.remembered);
                // Whoever only reads is served even where nothing can be written.
                if let Err(error) = sessions.store().touch(&hash, &row, now).await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "could not note that a session is in use"
                    );
                }
            }
            if signature == Signature::Old && state.cookie == CookieChange::Keep {
                state.cookie = CookieChange::GiveAgain;
            }
            state.phase = Phase::Live(id, row);
            return Ok(());
        }
        // The cookie of a late request is left alone: the browser has been given the new one already.
        if !sessions.store().was_renewed(&hash).await? {
            tracing::debug!(session = %hash, "removed the cookie of a session that is over");
            state.cookie = CookieChange::Remove;
        }
        state.phase = Phase::Ended;
        Ok(())
    }

    /// Changes the value under one key. `change` is given the stored value, and returns the new one (`None` inside takes it out)
    /// or nothing when it stays.
    async fn change<R: Send>(
        &self,
        key: &'static str,
        mut change: impl FnMut(Option<&Value>) -> Result<(Option<Option<Value>>, R), SessionError> + Send,
    ) -> Result<R, SessionError> {
        let mut state = self.shared.state.lock().await;
        self.refuse_late(key)?;
        self.load(&mut state).await?;
        let mut result = None;
        let changed = self
            .replace(&mut state, |row, _| {
                let (new, answer) = change(row.data.get(key))?;
                result = Some(answer);
                match new {
                    Some(Some(value)) => drop(row.data.insert(key.to_owned(), value)),
                    Some(None) => drop(row.data.remove(key)),
                    None => return Ok(false),
                }
                Ok(true)
            })
            .await;
        match (changed, result) {
            (Err(error), _) => Err(error),
            (Ok(()), Some(result)) => Ok(result),
            // There is no session yet, so `replace` has not asked for a change.
            (Ok(()), None) => self.begin(&mut state, key, change).await,
        }
    }

    /// Makes a change to the newest row there is, as often as it takes. Does nothing where there is no session.
    async fn replace(
        &self,
        state: &mut State,
        mut change: impl FnMut(&mut Row, &crate::SessionConfig) -> Result<bool, SessionError> + Send,
    ) -> Result<(), SessionError> {
        let sessions = &self.shared.sessions;
        let (id, row) = match &mut state.phase {
            Phase::Live(id, row) => (*id, row),
            Phase::Ended => return Err(SessionError::Ended),
            Phase::None | Phase::Unread(..) => return Ok(()),
        };
        let hash = id.hash();
        // In this process writers of one session take turns; only other processes can come between.
        let _turn = sessions.turn(&hash).await;
        let mut newest = false;
        loop {
            let mut next = row.clone();
            let changed = change(&mut next, sessions.config())?;
            let now = sessions.now();
            if !changed && newest {
                return Ok(());
            }
            if changed {
                next.version += 1;
                if now - next.used_at >= TOUCH_SECONDS {
                    next.used_at = now;
                    next.expires_at = sessions.config().expires_at(now, next.ends_at, next.remembered);
                }
                if sessions.store().replace(&hash, &next, now).await? {
                    *row = next;
                    return Ok(());
                }
            }
            // Somebody else was faster, or the row may be old news and nothing was to be changed about it.
            let Some(found) = sessions.store().find(&hash, now).await? else {
                state.phase = Phase::Ended;
                return Err(SessionError::Ended);
            };
            newest = true;
            *row = found;
        }
    }

    /// Begins a session with its first value.
    async fn begin<R: Send>(
        &self,
        state: &mut State,
        key: &'static str,
        mut change: impl FnMut(Option<&Value>) -> Result<(Option<Option<Value>>, R), SessionError> + Send,
    ) -> Result<R, SessionError> {
        let (new, result) = change(None)?;
        if let Some(Some(value)) = new {
            let sessions = &self.shared.sessions;
            let (id, now, remembered) = (SessionId::random(), sessions.now(), state.remember);
            let ends_at = sessions.config().ends_at(now, remembered);
            let row = Row {
                data: [(key.to_owned(), value)].into_iter().collect(),
                version: 1,
                began_at: now,
                used_at: now,
                ends_at,
                expires_at: sessions.config().expires_at(now, ends_at, remembered),
                remembered,
            };
            sessions.store().insert(&id.hash(), &row).await?;
            tracing::debug!(session = %id.hash(), "began a session");
            state.phase = Phase::Live(id, row);
            state.cookie = CookieChange::Give;
        }
        Ok(result)
    }

    fn refuse_late(&self, key: &'static str) -> Result<(), SessionError> {
        if self.shared.begun.load(Ordering::SeqCst) {
            metrics::counter!("session_late_writes_total", "key" => key).increment(1);
            tracing::error!(key, "a session value was written after the response had begun; it was refused");
            return Err(SessionError::Late { key });
        }
        Ok(())
    }

    /// Sends what the visitor has to know with the response, whatever its status: what was written stays written.
    pub(crate) async fn close(&self, headers: &mut HeaderMap) {
        let state = self.shared.state.lock().await;
        self.shared.begun.store(true, Ordering::SeqCst);
        let config = self.shared.sessions.config();
        let cookie = match (&state.phase, state.cookie) {
            (_, CookieChange::Remove) => cookie::remove(config),
            (Phase::Live(id, row), CookieChange::Give | CookieChange::GiveAgain) => {
                let max_age =
                    row.remembered.then(|| Duration::seconds(row.ends_at - self.shared.sessions.now()));
                let fresh = state.cookie == CookieChange::Give || self.is_alive(*id).await;
                fresh.then(|| cookie::set(config, *id, max_age)).flatten()
            }
            _ => None,
        };
        if let Some(cookie) = cookie {
            headers.append(SET_COOKIE, cookie);
        }
        if state.used {
            headers.append(VARY, HeaderValue::from_static("cookie"));
            headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        }
    }

    /// Whether the session goes on. When that cannot be told its cookie is not sent again.
    async fn is_alive(&self, id: SessionId) -> bool {
        let sessions = &self.shared.sessions;
        matches!(sessions.store().find(&id.hash(), sessions.now()).await, Ok(Some(_)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = SessionError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Self::of(parts)
    }
}
