//! What one request knows of its session, and how it is read, changed and closed.
//!
//! A change is made from the newest version that the store has, and goes through only if that is still the newest; else it is
//! made again.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use axum::http::{
    HeaderMap, HeaderValue,
    header::{CACHE_CONTROL, SET_COOKIE, VARY},
};
use serde_json::value::RawValue;
use time::Duration;
use tokio::sync::{
    Mutex, MutexGuard,
    oneshot::{self, error::TryRecvError},
};

use crate::{
    CookieReason, SessionConfig, SessionError, SessionEvent, Sessions, Transaction,
    cookie::{self, Presented},
    id::{IdHash, SessionId},
    keys::Signature,
    measures::{BEGUN, CONFLICTS, LATE_WRITES},
    store::{Row, Store},
    value::{Data, size},
};

/// For so long a request may still come in with an id that was exchanged for a new one.
pub(crate) const LATE_SECONDS: i64 = 60;

/// What a change makes of a stored value: another one, `None` inside to take it out, or nothing where it stays; and its answer.
pub(crate) type Changed<R> = Result<(Option<Option<Box<RawValue>>>, R), SessionError>;

/// Whether a session may begin; if not, after how many seconds.
pub(crate) type MayBegin = dyn Fn() -> Result<(), u32> + Send + Sync;

pub(crate) struct Shared {
    pub(crate) sessions: Sessions,
    presented: Presented,
    /// When the request came, in seconds since 1970.
    opened_at: i64,
    /// Set once the response's head is made: from then on a new cookie could not be sent.
    begun: AtomicBool,
    /// Whether reading counts as a use.
    pub(crate) quiet: AtomicBool,
    /// Whether a session may begin.
    pub(crate) beginning: OnceLock<Box<MayBegin>>,
    pub(crate) state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) phase: Phase,
    /// Whether the response depends on the session.
    used: bool,
    pub(crate) cookie: CookieChange,
    /// Chosen before there was a row to keep it in.
    pub(crate) remember: bool,
    /// Whether a session was allowed to begin, before it does.
    admitted: bool,
    /// What a transaction of the caller's makes of the session, until it has ended.
    pending: Option<Pending>,
}

/// What becomes of the session once a transaction is committed. Rolled back, nothing does.
pub(crate) struct Pending {
    phase: Phase,
    cookie: CookieChange,
    event: Option<SessionEvent>,
    handle: String,
    committed: oneshot::Receiver<()>,
}

/// What this request knows of its session.
pub(crate) enum Phase {
    /// The visitor presents an id; the store was not asked yet.
    Unread(SessionId, Signature),
    /// There is none: a write begins one, under a new id.
    None,
    /// There is one.
    Live(SessionId, Arc<Row>),
    /// The visitor presents an id that is dead; if it was exchanged a moment ago, for this one. Nothing is written, so that no
    /// sign-out is undone.
    Ended(Option<IdHash>),
    /// The visitor presents several ids. Nothing is read or written: a new session's cookie would take the place of the visitor's own.
    Ambiguous,
}

/// What the response does about the cookie.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum CookieChange {
    Keep,
    /// The id was made in this request.
    Give(CookieReason),
    /// The id is the presented one, with another signature or age.
    GiveAgain(CookieReason),
    Remove,
}

impl State {
    /// What the session is within a transaction that may have changed it.
    pub(crate) fn phase_within(&self) -> &Phase {
        self.pending.as_ref().map_or(&self.phase, |pending| &pending.phase)
    }

    /// The id within such a transaction, where there is a session.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`] when it is over.
    pub(crate) fn id_within(&self) -> Result<Option<SessionId>, SessionError> {
        match self.phase_within() {
            Phase::Unread(id, _) | Phase::Live(id, _) => Ok(Some(*id)),
            Phase::Ended(_) | Phase::Ambiguous => Err(SessionError::Ended),
            Phase::None => Ok(None),
        }
    }
}

impl Shared {
    pub(crate) fn new(sessions: Sessions, headers: &HeaderMap) -> Self {
        let presented = cookie::read(headers, sessions.config());
        let (phase, cookie) = match presented {
            Presented::Nothing => (Phase::None, CookieChange::Keep),
            Presented::Forged => (Phase::None, CookieChange::Remove),
            Presented::Ambiguous => (Phase::Ambiguous, CookieChange::Keep),
            Presented::Id(id, signature) => (Phase::Unread(id, signature), CookieChange::Keep),
        };
        let state = State { phase, used: false, cookie, remember: false, admitted: false, pending: None };
        let (begun, quiet, beginning) = Default::default();
        let (state, opened_at) = (Mutex::new(state), sessions.now());
        Self { sessions, presented, opened_at, begun, quiet, beginning, state }
    }

    /// The state, with what a transaction has made of it since.
    pub(crate) async fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().await;
        self.settle(&mut state);
        state
    }

    fn settle(&self, state: &mut State) {
        let Some(mut pending) = state.pending.take() else { return };
        match pending.committed.try_recv() {
            Ok(()) => self.apply(state, pending),
            Err(TryRecvError::Empty) => state.pending = Some(pending),
            Err(TryRecvError::Closed) => {}
        }
    }

    fn apply(&self, state: &mut State, pending: Pending) {
        state.phase = pending.phase;
        state.cookie = pending.cookie;
        if let Some(event) = pending.event {
            self.sessions.config().observer.tell(&pending.handle, event);
        }
    }

    /// Asks the store for the presented session, once.
    pub(crate) async fn load(&self, state: &mut State) -> Result<(), SessionError> {
        state.used = true;
        let Phase::Unread(id, signature) = state.phase else { return Ok(()) };
        let (hash, now) = (id.hash(), self.sessions.now());
        let Some(mut row) = self.sessions.store().find(&hash, now).await? else {
            return self.lost(state, &hash).await;
        };
        let due = now - row.used_at >= self.sessions.config().touch_seconds();
        if due && !self.quiet.load(Ordering::Relaxed) {
            let used = Arc::make_mut(&mut row);
            used.used_at = now;
            used.expires_at = self.sessions.config().expires_at(now, used.ends_at, used.remembered);
            // Whoever only reads is served even where nothing can be written.
            match self.sessions.store().touch(&hash, &row).await {
                Ok(()) => self.tell(&row, SessionEvent::Used),
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "could not note that a session is in use"
                ),
            }
        }
        if signature == Signature::Old && state.cookie == CookieChange::Keep {
            state.cookie = CookieChange::GiveAgain(CookieReason::NewKey);
        }
        state.phase = Phase::Live(id, row);
        Ok(())
    }

    /// Notes that the session under `id` is gone. The cookie of a late request is left alone: the browser has been given the
    /// new one already, or is about to be.
    pub(crate) async fn lost(&self, state: &mut State, id: &IdHash) -> Result<(), SessionError> {
        let since = self.sessions.now() - LATE_SECONDS + 1;
        let successor = Store::successor(self.sessions.database().readers(), id, since).await?;
        self.note_lost(state, id, successor);
        Ok(())
    }

    fn note_lost(&self, state: &mut State, id: &IdHash, successor: Option<IdHash>) {
        if successor.is_none() {
            tracing::debug!(session = %id, "removed the cookie of a session that is over");
            state.cookie = self.removal();
        }
        state.phase = Phase::Ended(successor);
    }

    /// The removal of the cookie, for who has one.
    pub(crate) fn removal(&self) -> CookieChange {
        if self.presented == Presented::Nothing { CookieChange::Keep } else { CookieChange::Remove }
    }

    /// Tells whoever wants to know.
    pub(crate) fn tell(&self, row: &Row, event: SessionEvent) {
        self.sessions.config().observer.tell(&row.handle, event);
    }

    /// Refuses a session that has become too large. Taking something out always goes.
    fn refuse_large(&self, key: &'static str, data: &Data) -> Result<(), SessionError> {
        let most = self.sessions.config().most_bytes;
        if size(data) > most { Err(SessionError::TooLarge { key, most }) } else { Ok(()) }
    }

    pub(crate) fn refuse_late(&self, key: &'static str) -> Result<(), SessionError> {
        if self.begun.load(Ordering::SeqCst) {
            metrics::counter!(LATE_WRITES, "key" => key).increment(1);
            tracing::error!(key, "a session value was written after the response had begun; it was refused");
            return Err(SessionError::Late { key });
        }
        Ok(())
    }

    /// Changes the value under one key. `change` is given the stored value, and returns the new one (`None` inside takes it out)
    /// or nothing when it stays.
    pub(crate) async fn change<R: Send>(
        &self,
        key: &'static str,
        mut change: impl FnMut(Option<&RawValue>) -> Changed<R> + Send,
    ) -> Result<R, SessionError> {
        let mut state = self.lock().await;
        self.refuse_late(key)?;
        self.load(&mut state).await?;
        let mut done = None;
        self.replace(&mut state, |row, _| {
            let (new, answer) = change(row.data.get(key).map(|stored| &**stored))?;
            let event = self.put(&mut row.data, key, new)?;
            done = Some((answer, event));
            Ok(event.is_some())
        })
        .await?;
        if let Some((answer, event)) = done {
            if let (Some(event), Phase::Live(_, row)) = (event, &state.phase) {
                self.tell(row, event);
            }
            return Ok(answer);
        }
        // There is no session yet, so `replace` has not asked for a change.
        let (new, answer) = change(None)?;
        let mut data = Data::new();
        if let Some(event @ SessionEvent::Set { .. }) = self.put(&mut data, key, new)? {
            self.begin(&mut state, data).await?;
            if let Phase::Live(_, row) = &state.phase {
                self.tell(row, event);
            }
        }
        Ok(answer)
    }

    /// Puts a changed value among the others, if it has changed, and says what that was.
    fn put(
        &self,
        data: &mut Data,
        key: &'static str,
        new: Option<Option<Box<RawValue>>>,
    ) -> Result<Option<SessionEvent>, SessionError> {
        match new {
            Some(Some(value)) => {
                data.insert(key.to_owned(), value);
                self.refuse_large(key, data)?;
                Ok(Some(SessionEvent::Set { key }))
            }
            Some(None) => {
                data.remove(key);
                Ok(Some(SessionEvent::Removed { key }))
            }
            None => Ok(None),
        }
    }

    /// Like [`change`](Self::change), in a transaction of the caller's. It takes no turn: who has one may be waiting for that
    /// transaction. What is known of the row is forgotten, because the transaction may yet be undone.
    pub(crate) async fn change_within<R: Send>(
        &self,
        transaction: &mut Transaction,
        key: &'static str,
        mut change: impl FnMut(Option<&RawValue>) -> Changed<R> + Send,
    ) -> Result<R, SessionError> {
        let mut state = self.lock().await;
        self.refuse_late(key)?;
        state.used = true;
        let Some(id) = state.id_within()? else {
            // There is nothing to change.
            return Ok(change(None)?.1);
        };
        let (hash, now) = (id.hash(), self.sessions.now());
        loop {
            let Some(mut row) = Store::find_by(&mut **transaction, &hash, now).await? else {
                return Err(SessionError::Ended);
            };
            let (new, answer) = change(row.data.get(key).map(|stored| &**stored))?;
            if self.put(&mut row.data, key, new)?.is_none() {
                return Ok(answer);
            }
            row.version += 1;
            if self.sessions.store().replace_within(transaction, &hash, &row, now).await? {
                if let Some(pending) = &mut state.pending {
                    pending.phase = Phase::Live(id, Arc::new(row));
                } else if matches!(state.phase, Phase::Live(..)) {
                    state.phase = Phase::Unread(id, Signature::Current);
                }
                return Ok(answer);
            }
        }
    }

    /// The session as it is within a transaction: whatever was known of it before may have changed.
    pub(crate) async fn find_within(
        &self,
        state: &mut State,
        transaction: &mut Transaction,
    ) -> Result<Phase, SessionError> {
        state.used = true;
        let id = match state.phase_within() {
            Phase::Unread(id, _) | Phase::Live(id, _) => *id,
            Phase::None => return Ok(Phase::None),
            Phase::Ambiguous => return Ok(Phase::Ambiguous),
            Phase::Ended(successor) => return Ok(Phase::Ended(successor.clone())),
        };
        let (hash, now) = (id.hash(), self.sessions.now());
        if let Some(row) = Store::find_by(&mut **transaction, &hash, now).await? {
            return Ok(Phase::Live(id, Arc::new(row)));
        }
        let successor = Store::successor(&mut **transaction, &hash, now - LATE_SECONDS + 1).await?;
        self.note_lost(state, &hash, successor.clone());
        Ok(Phase::Ended(successor))
    }

    /// What the presented id was exchanged for while this request was under way. A copy of an old id that comes later finds nothing.
    pub(crate) async fn overtaken_by(
        &self,
        transaction: &mut Transaction,
        id: &IdHash,
    ) -> Result<Option<IdHash>, SessionError> {
        Store::successor(&mut **transaction, id, self.opened_at).await
    }

    /// The hash of the id that the request presents.
    pub(crate) fn presented_hash(&self) -> Option<IdHash> {
        if let Presented::Id(id, _) = self.presented { Some(id.hash()) } else { None }
    }

    /// Notes what becomes of the session when the transaction is committed.
    pub(crate) fn pend(
        &self,
        state: &mut State,
        transaction: &mut Transaction,
        (phase, cookie): (Phase, CookieChange),
        (handle, event): (String, Option<SessionEvent>),
    ) {
        let committed = transaction.committed();
        state.pending = Some(Pending { phase, cookie, event, handle, committed });
    }

    /// Makes a change to the newest row there is, as often as it takes. Does nothing where there is no session.
    pub(crate) async fn replace(
        &self,
        state: &mut State,
        mut change: impl FnMut(&mut Row, &SessionConfig) -> Result<bool, SessionError> + Send,
    ) -> Result<(), SessionError> {
        let (id, mut row) = match &state.phase {
            Phase::Live(id, row) => (*id, row.clone()),
            Phase::Ended(_) | Phase::Ambiguous => return Err(SessionError::Ended),
            Phase::None | Phase::Unread(..) => return Ok(()),
        };
        let (sessions, hash) = (&self.sessions, id.hash());
        // In this process writers of one session take turns; only other processes can come between.
        let (_turn, waited) = sessions.turn(&hash).await;
        // Who has waited holds old news.
        let mut newest = !waited;
        let (mut asked, mut refused) = (false, false);
        loop {
            if !newest {
                // Once refused, what is in memory is no news: another process has written.
                let found = match refused {
                    false => sessions.store().find(&hash, sessions.now()).await?,
                    true => sessions.store().find_newest(&hash, sessions.now()).await?,
                };
                let Some(found) = found else {
                    self.lost(state, &hash).await?;
                    return Err(SessionError::Ended);
                };
                (row, asked) = (found, true);
            }
            let (mut next, now) = (Row::clone(&row), sessions.now());
            if change(&mut next, sessions.config())? {
                next.version += 1;
                if now - next.used_at >= sessions.config().touch_seconds() {
                    next.used_at = now;
                    next.expires_at = sessions.config().expires_at(now, next.ends_at, next.remembered);
                }
                let next = Arc::new(next);
                if sessions.store().replace(&hash, &next, now).await? {
                    state.phase = Phase::Live(id, next);
                    return Ok(());
                }
                refused = true;
                metrics::counter!(CONFLICTS).increment(1);
            } else if asked {
                // Nothing to change about the newest row.
                state.phase = Phase::Live(id, row);
                return Ok(());
            }
            newest = false;
        }
    }

    /// Asks, once, whether a session may begin.
    pub(crate) fn admit(&self, state: &mut State) -> Result<(), SessionError> {
        if let (false, Some(allow)) = (state.admitted, self.beginning.get()) {
            allow().map_err(|seconds| SessionError::TooMany { seconds })?;
        }
        state.admitted = true;
        Ok(())
    }

    /// Begins a session.
    pub(crate) async fn begin(&self, state: &mut State, data: Data) -> Result<(), SessionError> {
        let (id, row) = self.new_row(state, data, None)?;
        let row = Arc::new(row);
        self.sessions.store().insert(&id.hash(), &row).await?;
        self.tell(&row, SessionEvent::Began);
        state.phase = Phase::Live(id, row);
        state.cookie = CookieChange::Give(CookieReason::NewSession);
        Ok(())
    }

    /// A session that is about to begin.
    pub(crate) fn new_row(
        &self,
        state: &mut State,
        data: Data,
        owner: Option<String>,
    ) -> Result<(SessionId, Row), SessionError> {
        self.admit(state)?;
        state.admitted = false;
        let config = self.sessions.config();
        let (id, now, remembered) = (SessionId::random(), self.sessions.now(), state.remember);
        let ends_at = config.ends_at(now, remembered);
        let row = Row {
            data,
            version: 1,
            began_at: now,
            used_at: now,
            ends_at,
            expires_at: config.expires_at(now, ends_at, remembered),
            remembered,
            owner,
            // As hard to guess as an id, and none.
            handle: SessionId::random().expose(),
        };
        tracing::debug!(session = %id.hash(), "began a session");
        metrics::counter!(BEGUN).increment(1);
        Ok((id, row))
    }

    /// Sends what the visitor has to know with the response, whatever its status: what was written stays written.
    pub(crate) async fn close(&self, headers: &mut HeaderMap) {
        let mut state = self.lock().await;
        self.begun.store(true, Ordering::SeqCst);
        // A caller that was cancelled during its commit: the new id must reach the cookie all the same.
        if let Some(mut pending) = state.pending.take()
            && (&mut pending.committed).await.is_ok()
        {
            self.apply(&mut state, pending);
        }
        if let (Phase::Unread(..), CookieChange::Give(_) | CookieChange::GiveAgain(_)) =
            (&state.phase, state.cookie)
            && let Err(error) = self.load(&mut state).await
        {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "could not send the cookie of a session"
            );
        }
        let config = self.sessions.config();
        let cookie = match (&state.phase, state.cookie) {
            (_, CookieChange::Remove) => cookie::remove(config),
            (Phase::Live(id, row), CookieChange::Give(reason) | CookieChange::GiveAgain(reason)) => {
                let max_age = row.remembered.then(|| Duration::seconds(row.ends_at - self.sessions.now()));
                let sent = matches!(state.cookie, CookieChange::Give(_)) || self.is_alive(*id).await;
                let cookie = sent.then(|| cookie::set(config, *id, max_age)).flatten();
                if cookie.is_some() {
                    self.tell(row, SessionEvent::CookieSent(reason));
                }
                cookie
            }
            (Phase::Live(_, row), CookieChange::Keep) => {
                self.tell(row, SessionEvent::CookieKept);
                None
            }
            _ => None,
        };
        if state.used || cookie.is_some() {
            headers.append(VARY, HeaderValue::from_static("cookie"));
            headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        }
        if let Some(cookie) = cookie {
            // No cache may give one visitor's cookie to another, whatever the handler says.
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            headers.append(SET_COOKIE, cookie);
        }
    }

    /// Whether the session goes on. When that cannot be told its cookie is not sent again.
    async fn is_alive(&self, id: SessionId) -> bool {
        matches!(self.sessions.store().find_newest(&id.hash(), self.sessions.now()).await, Ok(Some(_)))
    }
}
