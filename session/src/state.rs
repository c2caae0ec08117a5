//! The session of one request: how it is loaded and created.

mod change;
mod response;

pub(crate) use change::ChangeResult;

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use axum::http::HeaderMap;
use tokio::sync::{
    Mutex, MutexGuard,
    oneshot::{self, error::TryRecvError},
};

use crate::{
    CookieReason, SessionError, SessionEvent, Sessions, Transaction,
    cookie::{self, Presented},
    id::{IdHash, SessionId},
    keys::Signature,
    measures::{CREATED, LATE_WRITES},
    row::Row,
    store::Store,
    value::Data,
};

/// For this many seconds after a renewal, requests with the old id keep their cookie.
pub(crate) const RENEWAL_GRACE: i64 = 60;

/// Whether a session may be created; `Err` holds the seconds to wait.
pub(crate) type CreationLimit = dyn Fn() -> Result<(), u32> + Send + Sync;

/// Shared by all clones of a request's [`Session`](crate::Session).
pub(crate) struct Shared {
    pub(crate) sessions: Sessions,
    presented: Presented,
    /// In seconds since 1970.
    received_at: i64,
    /// The headers of the response are complete, so a new cookie cannot be sent any more.
    response_started: AtomicBool,
    /// Reads do not count as use of the session.
    pub(crate) without_touch: AtomicBool,
    pub(crate) creation_limit: OnceLock<Box<CreationLimit>>,
    pub(crate) state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) phase: Phase,
    /// The response depends on the session.
    accessed: bool,
    pub(crate) cookie: CookieChange,
    /// "Remember me", for a session that is not created yet.
    pub(crate) remember: bool,
    /// The limit has allowed a session that is not created yet.
    creation_allowed: bool,
    /// The effect of a caller's transaction that has not ended.
    pending: Option<Pending>,
}

/// Applied when the transaction is committed, and discarded by a rollback.
pub(crate) struct Pending {
    phase: Phase,
    cookie: CookieChange,
    event: Option<SessionEvent>,
    handle: String,
    committed: oneshot::Receiver<()>,
}

pub(crate) enum Phase {
    NotLoaded(SessionId, Signature),
    /// There is no session. A write creates one with a new id.
    None,
    Live(SessionId, Arc<Row>),
    /// The presented id is no longer valid; holds the id that replaced it in the last minute. Writes are
    /// refused: they must not undo a sign-out.
    Ended(Option<IdHash>),
    /// The request presents several ids. A write is refused: its cookie would replace the visitor's own.
    Ambiguous,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum CookieChange {
    Keep,
    /// The id is new.
    Set(CookieReason),
    /// The id is the presented one, with another signature or lifetime.
    Resend(CookieReason),
    Remove,
}

impl State {
    pub(crate) fn phase_within(&self) -> &Phase {
        self.pending.as_ref().map_or(&self.phase, |pending| &pending.phase)
    }

    pub(crate) fn id_within(&self) -> Result<Option<SessionId>, SessionError> {
        match self.phase_within() {
            Phase::NotLoaded(id, _) | Phase::Live(id, _) => Ok(Some(*id)),
            Phase::Ended(_) | Phase::Ambiguous => Err(SessionError::Ended),
            Phase::None => Ok(None),
        }
    }
}

impl Shared {
    pub(crate) fn new(sessions: Sessions, headers: &HeaderMap) -> Self {
        let presented = cookie::read(headers, sessions.config());
        let (phase, cookie) = match presented {
            Presented::Absent => (Phase::None, CookieChange::Keep),
            Presented::Invalid => (Phase::None, CookieChange::Remove),
            Presented::Ambiguous => (Phase::Ambiguous, CookieChange::Keep),
            Presented::Id(id, signature) => (Phase::NotLoaded(id, signature), CookieChange::Keep),
        };
        let state =
            State { phase, accessed: false, cookie, remember: false, creation_allowed: false, pending: None };
        let (response_started, without_touch, creation_limit) = Default::default();
        let (state, received_at) = (Mutex::new(state), sessions.now());
        Self { sessions, presented, received_at, response_started, without_touch, creation_limit, state }
    }

    /// Locks the state and applies a transaction that was committed meanwhile.
    pub(crate) async fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().await;
        self.resolve_pending(&mut state);
        state
    }

    fn resolve_pending(&self, state: &mut State) {
        let Some(mut pending) = state.pending.take() else { return };
        match pending.committed.try_recv() {
            Ok(()) => self.apply_pending(state, pending),
            Err(TryRecvError::Empty) => state.pending = Some(pending),
            Err(TryRecvError::Closed) => {}
        }
    }

    fn apply_pending(&self, state: &mut State, pending: Pending) {
        state.phase = pending.phase;
        state.cookie = pending.cookie;
        if let Some(event) = pending.event {
            self.sessions.config().observer.emit(&pending.handle, event);
        }
    }

    pub(crate) async fn lock_loaded(&self) -> Result<MutexGuard<'_, State>, SessionError> {
        let mut state = self.lock().await;
        self.load(&mut state).await?;
        Ok(state)
    }

    /// Loads the presented session, once.
    pub(crate) async fn load(&self, state: &mut State) -> Result<(), SessionError> {
        state.accessed = true;
        let Phase::NotLoaded(id, signature) = state.phase else { return Ok(()) };
        let (hash, now) = (id.hash(), self.sessions.now());
        let Some(mut row) = self.sessions.store().find(&hash, now).await? else {
            return self.mark_ended(state, &hash).await;
        };
        let due = now - row.used_at >= self.sessions.config().touch_seconds();
        if due && !self.without_touch.load(Ordering::Relaxed) {
            Arc::make_mut(&mut row).touch(now, self.sessions.config());
            // A read succeeds even if its use cannot be recorded.
            match self.sessions.store().touch(&hash, &row).await {
                Ok(()) => self.emit(&row, SessionEvent::Used),
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "could not record the use of a session"
                ),
            }
        }
        if signature == Signature::Old && state.cookie == CookieChange::Keep {
            state.cookie = CookieChange::Resend(CookieReason::NewKey);
        }
        state.phase = Phase::Live(id, row);
        Ok(())
    }

    /// Marks the session as ended. A renewed session keeps its cookie: the browser will get the new one.
    pub(crate) async fn mark_ended(&self, state: &mut State, id: &IdHash) -> Result<(), SessionError> {
        let since = self.sessions.now() - RENEWAL_GRACE + 1;
        let successor = Store::successor(self.sessions.database().readers(), id, since).await?;
        self.set_ended(state, id, successor);
        Ok(())
    }

    fn set_ended(&self, state: &mut State, id: &IdHash, successor: Option<IdHash>) {
        if successor.is_none() {
            tracing::debug!(session = %id, "removed the cookie of an ended session");
            state.cookie = self.cookie_removal();
        }
        state.phase = Phase::Ended(successor);
    }

    pub(crate) fn cookie_removal(&self) -> CookieChange {
        if self.presented == Presented::Absent { CookieChange::Keep } else { CookieChange::Remove }
    }

    pub(crate) fn emit(&self, row: &Row, event: SessionEvent) {
        self.sessions.config().observer.emit(&row.handle, event);
    }

    pub(crate) fn ensure_response_not_started(&self, key: &'static str) -> Result<(), SessionError> {
        if self.response_started.load(Ordering::SeqCst) {
            metrics::counter!(LATE_WRITES, "key" => key).increment(1);
            tracing::error!(key, "a session value was written after the response had begun; it was refused");
            return Err(SessionError::Late { key });
        }
        Ok(())
    }

    /// Loads the session again, inside a transaction.
    pub(crate) async fn load_within(
        &self,
        state: &mut State,
        transaction: &mut Transaction,
    ) -> Result<Phase, SessionError> {
        state.accessed = true;
        let id = match state.phase_within() {
            Phase::NotLoaded(id, _) | Phase::Live(id, _) => *id,
            Phase::None => return Ok(Phase::None),
            Phase::Ambiguous => return Ok(Phase::Ambiguous),
            Phase::Ended(successor) => return Ok(Phase::Ended(successor.clone())),
        };
        let (hash, now) = (id.hash(), self.sessions.now());
        if let Some(row) = Store::find_in(&mut **transaction, &hash, now).await? {
            return Ok(Phase::Live(id, Arc::new(row)));
        }
        let successor = Store::successor(&mut **transaction, &hash, now - RENEWAL_GRACE + 1).await?;
        self.set_ended(state, &hash, successor.clone());
        Ok(Phase::Ended(successor))
    }

    /// The id that replaced `id` since this request was received. A later request with an old id gets `None`.
    pub(crate) async fn overtaken_by(
        &self,
        transaction: &mut Transaction,
        id: &IdHash,
    ) -> Result<Option<IdHash>, SessionError> {
        Store::successor(&mut **transaction, id, self.received_at).await
    }

    pub(crate) fn presented_hash(&self) -> Option<IdHash> {
        if let Presented::Id(id, _) = self.presented { Some(id.hash()) } else { None }
    }

    pub(crate) fn set_pending(
        &self,
        state: &mut State,
        transaction: &mut Transaction,
        (phase, cookie): (Phase, CookieChange),
        (handle, event): (String, Option<SessionEvent>),
    ) {
        let committed = transaction.committed();
        state.pending = Some(Pending { phase, cookie, event, handle, committed });
    }

    /// Asks the creation limit, unless it has allowed this session already.
    pub(crate) fn ensure_can_create(&self, state: &mut State) -> Result<(), SessionError> {
        if let (false, Some(allow)) = (state.creation_allowed, self.creation_limit.get()) {
            allow().map_err(|seconds| SessionError::TooMany { seconds })?;
        }
        state.creation_allowed = true;
        Ok(())
    }

    pub(crate) async fn create(&self, state: &mut State, data: Data) -> Result<(), SessionError> {
        let (id, row) = self.new_row(state, data, None)?;
        let row = Arc::new(row);
        self.sessions.store().insert(&id.hash(), &row).await?;
        self.emit(&row, SessionEvent::Began);
        state.phase = Phase::Live(id, row);
        state.cookie = CookieChange::Set(CookieReason::NewSession);
        Ok(())
    }

    pub(crate) fn new_row(
        &self,
        state: &mut State,
        data: Data,
        owner: Option<String>,
    ) -> Result<(SessionId, Row), SessionError> {
        self.ensure_can_create(state)?;
        state.creation_allowed = false;
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
            // As hard to guess as an id, but not an id.
            handle: SessionId::random().expose(),
        };
        tracing::debug!(session = %id.hash(), "began a session");
        metrics::counter!(CREATED).increment(1);
        Ok((id, row))
    }
}
