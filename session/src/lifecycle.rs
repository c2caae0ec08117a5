//! How a session changes its id, its clocks, and ends.

use std::sync::Arc;

use serde_json::Map;
use tracing::Instrument;

use crate::{
    CookieReason, OwnedSession, Session, SessionError, SessionEvent,
    id::{IdHash, SessionId},
    measures::ENDED,
    state::{CookieChange, Phase, State},
    store::Row,
};

impl Session {
    /// Gives the session a new id and keeps its values and its clocks. From then on the old id is worth nothing. A visitor
    /// without a session gets none.
    ///
    /// ```
    /// # use session::{Session, SessionError};
    /// async fn become_admin(session: Session) -> Result<&'static str, SessionError> {
    ///     session.renew().await?;
    ///     Ok("with great power …")
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`], [`SessionError::Late`] and [`SessionError::Store`], as [`update`](Self::update).
    pub async fn renew(&self) -> Result<(), SessionError> {
        self.exchange(async |session| {
            let mut state = session.begin_change("renew").await?;
            match &state.phase {
                Phase::Live(old, _) => {
                    let old = old.hash();
                    session.give_new_id(&mut state, &old, None).await
                }
                Phase::Ended(_) => Err(SessionError::Ended),
                Phase::None | Phase::Unread(..) => Ok(()),
            }
        })
        .await
    }

    /// For a visitor who has just proved to be `owner`: like [`renew`](Self::renew), and the clocks start anew. Due at each
    /// sign-in (ASVS 7.2.4). `remember` chooses between the two pairs of clocks.
    ///
    /// Values that a guest or the same owner had put into the session are kept; of another owner's nothing is. A visitor without
    /// a session, or whose session has ended, is given one. A form that is sent twice presents the second time an id that the
    /// first has exchanged already: it goes on with the session that the first has made.
    ///
    /// Returns the sessions that ended because this owner had [too many](crate::SessionConfig::most_per_owner), as they were.
    ///
    /// ```
    /// # use session::{Session, SessionError};
    /// async fn sign_in(session: &Session, user: &str) -> Result<(), SessionError> {
    ///     session.restart(user, false).await.map(drop)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Late`] and [`SessionError::Store`].
    pub async fn restart(&self, owner: &str, remember: bool) -> Result<Vec<OwnedSession>, SessionError> {
        let owner = owner.to_owned();
        self.exchange(async move |session| {
            let mut state = session.begin_change("restart").await?;
            state.remember = remember;
            let sessions = &session.shared.sessions;
            loop {
                let kept = match &state.phase {
                    Phase::Live(id, row) if row.owner.as_ref().is_none_or(|before| *before == owner) => {
                        Some(id.hash())
                    }
                    Phase::Live(id, _) => {
                        session.end_wherever(id.hash()).await?;
                        None
                    }
                    Phase::Ended(Some(successor)) => {
                        let found = sessions.store().find(successor, sessions.now()).await?;
                        found.filter(|row| row.owner.as_ref() == Some(&owner)).map(|_| successor.clone())
                    }
                    Phase::None | Phase::Unread(..) | Phase::Ended(None) => None,
                };
                let Some(old) = kept else {
                    session.shared.begin(&mut state, Map::new(), Some(owner.clone())).await?;
                    break;
                };
                match session.give_new_id(&mut state, &old, Some((&owner, remember))).await {
                    // It ended meanwhile, or goes on under another id: look again.
                    Err(SessionError::Ended) => {}
                    given => break given?,
                }
            }
            let Phase::Live(_, row) = &state.phase else { return Ok(Vec::new()) };
            let most = sessions.config().most_per_owner;
            let ended = sessions.store().delete_surplus(&owner, &row.handle, most, sessions.now()).await?;
            metrics::counter!(ENDED, "by" => "surplus").increment(ended.len() as u64);
            Ok(ended.into_iter().map(OwnedSession::new).collect())
        })
        .await
    }

    /// Chooses between the usual clocks, with a cookie until the browser closes, and the longer ones of "remember me". The
    /// choice is kept with the session, so that later writes keep it.
    ///
    /// ```
    /// # use session::{Session, SessionError};
    /// async fn keep_me(session: Session) -> Result<(), SessionError> {
    ///     session.remember(true).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub async fn remember(&self, remember: bool) -> Result<(), SessionError> {
        let mut state = self.begin_change("remember").await?;
        state.remember = remember;
        let now = self.shared.sessions.now();
        self.shared
            .replace(&mut state, |row, config| {
                row.remembered = remember;
                row.ends_at = if remember {
                    config.ends_at(row.began_at, true)
                } else {
                    // Never longer than before, and not over at once for a session that is older than the usual lifetime.
                    row.ends_at.min(config.ends_at(now, false))
                };
                row.used_at = now;
                row.expires_at = config.expires_at(now, row.ends_at, remember);
                Ok(true)
            })
            .await?;
        if let Phase::Live(_, row) = &state.phase {
            self.shared.tell(row, SessionEvent::Remembered { remember });
            if state.cookie == CookieChange::Keep {
                state.cookie = CookieChange::GiveAgain(CookieReason::NewAge);
            }
        }
        Ok(())
    }

    /// Ends the session: its values are gone, and its cookie is removed. What is written afterwards, in this request too, is
    /// in a new session under a new id.
    ///
    /// ```
    /// # use session::{Session, SessionError};
    /// async fn sign_out(session: Session) -> Result<&'static str, SessionError> {
    ///     session.end().await?;
    ///     Ok("See you soon!")
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Late`] and [`SessionError::Store`].
    pub async fn end(&self) -> Result<(), SessionError> {
        let mut state = self.begin_change("end").await?;
        let ending = match &state.phase {
            Phase::Live(id, _) => Some(id.hash()),
            // Who signs out means the session, whatever its id is by now.
            Phase::Ended(successor) => successor.clone(),
            Phase::None | Phase::Unread(..) => None,
        };
        if let Some(id) = ending {
            self.end_wherever(id).await?;
            if let Phase::Live(_, row) = &state.phase {
                self.shared.tell(row, SessionEvent::Ended);
            }
            state.cookie = self.shared.removal();
        }
        state.phase = Phase::None;
        state.remember = false;
        Ok(())
    }

    /// Lets a visitor whose session has ended begin another one with the next write. Without this call such writes are refused
    /// with [`SessionError::Ended`], so that a request that was under way during a sign-out leaves nothing behind. Returns
    /// whether a session had ended. Right where a visitor opens a page; wrong in what a page does in the background.
    ///
    /// ```
    /// # use session::{Session, SessionError};
    /// async fn page(session: Session) -> Result<&'static str, SessionError> {
    ///     let ended = session.start_over().await?;
    ///     Ok(if ended { "Welcome back! Your session had ended." } else { "Welcome!" })
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn start_over(&self) -> Result<bool, SessionError> {
        let mut state = self.shared.state.lock().await;
        self.shared.load(&mut state).await?;
        // One that goes on under another id has not ended: its cookie is on the way to the browser.
        let ended = matches!(state.phase, Phase::Ended(None));
        if ended {
            state.phase = Phase::None;
        }
        Ok(ended)
    }

    /// Ends the session, also when it goes on under another id by now.
    async fn end_wherever(&self, mut id: IdHash) -> Result<(), SessionError> {
        let sessions = &self.shared.sessions;
        while !sessions.store().delete(&id).await? {
            let Some(successor) = sessions.successor(&id).await? else { return Ok(()) };
            id = successor;
        }
        tracing::debug!(session = %id, "ended a session");
        metrics::counter!(ENDED, "by" => "visitor").increment(1);
        Ok(())
    }

    async fn begin_change(
        &self,
        what: &'static str,
    ) -> Result<tokio::sync::MutexGuard<'_, State>, SessionError> {
        let mut state = self.shared.state.lock().await;
        self.shared.refuse_late(what)?;
        self.shared.load(&mut state).await?;
        Ok(state)
    }

    /// Does `change` in a task of its own: once the store has a new id it has to reach the cookie, even if the caller is
    /// cancelled half-way.
    async fn exchange<T: Send + 'static, F: Future<Output = Result<T, SessionError>> + Send + 'static>(
        &self,
        change: impl FnOnce(Self) -> F,
    ) -> Result<T, SessionError> {
        match tokio::spawn(change(self.clone()).in_current_span()).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is shutting down.
                Err(_) => Err(SessionError::Store(sqlx::Error::WorkerCrashed)),
            },
        }
    }

    /// Exchanges the id `old` for a new one; with `restart` it becomes the owner's and the clocks start anew, remembered or not.
    async fn give_new_id(
        &self,
        state: &mut State,
        old: &IdHash,
        restart: Option<(&str, bool)>,
    ) -> Result<(), SessionError> {
        let (sessions, new) = (&self.shared.sessions, SessionId::random());
        let (config, now) = (sessions.config(), sessions.now());
        let change = |row: &mut Row| {
            if let Some((owner, remember)) = restart {
                row.owner = Some(owner.to_owned());
                row.began_at = now;
                row.used_at = now;
                row.remembered = remember;
                row.ends_at = config.ends_at(now, remember);
                row.expires_at = config.expires_at(now, row.ends_at, remember);
            }
        };
        let Some(row) = sessions.store().renew(old, &new.hash(), now, change).await? else {
            self.shared.lost(state, old).await?;
            return Err(SessionError::Ended);
        };
        tracing::debug!(%old, new = %new.hash(), "renewed a session");
        let event = if restart.is_some() { SessionEvent::Restarted } else { SessionEvent::Renewed };
        self.shared.tell(&row, event);
        state.phase = Phase::Live(new, Arc::new(row));
        state.cookie = CookieChange::Give(CookieReason::NewId);
        Ok(())
    }
}
