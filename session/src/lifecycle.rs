//! How a session changes its id, its clocks, and ends.

use std::sync::Arc;

use crate::{
    CookieReason, OwnedSession, Session, SessionError, SessionEvent, Transaction,
    id::{IdHash, SessionId},
    measures::ENDED,
    state::{CookieChange, Phase, State},
    store::{Row, Store, Which},
    value::Data,
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
        {
            let state = self.begin_change("renew").await?;
            if matches!(state.phase, Phase::None) {
                return Ok(());
            }
        }
        let mut transaction = self.sessions().database().begin().await?;
        self.renew_within(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Like [`renew`](Self::renew), in a transaction of yours: the new id is sent once that is committed.
    ///
    /// # Errors
    ///
    /// As [`renew`](Self::renew).
    pub async fn renew_within(&self, transaction: &mut Transaction) -> Result<(), SessionError> {
        let mut state = self.lock_for_change("renew").await?;
        match self.shared.find_within(&mut state, transaction).await? {
            Phase::Live(old, _) if self.give_new_id(&mut state, transaction, &old.hash(), None).await? => {
                Ok(())
            }
            Phase::None => Ok(()),
            _ => Err(SessionError::Ended),
        }
    }

    /// For a visitor who has just proved to be `owner`: like [`renew`](Self::renew), and the clocks start anew. Due at each
    /// sign-in (ASVS 7.2.4). `remember` chooses between the two pairs of clocks.
    ///
    /// Values that a guest or the same owner had put into the session are kept; of another owner's nothing is. A visitor without
    /// a session, or whose session has ended, is given one. A form that is sent twice presents the second time an id that the
    /// first has exchanged already: it goes on with the session that the first has made.
    ///
    /// Sessions that this owner has [too many](crate::SessionConfig::most_per_owner) of end in the same transaction.
    ///
    /// ```
    /// # use session::{Session, SessionError};
    /// async fn sign_in(session: &Session, user: &str) -> Result<(), SessionError> {
    ///     session.restart(user, false).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Late`], [`SessionError::Store`], [`SessionError::TooMany`] when a session would begin and must not, and
    /// [`SessionError::Ended`] when the visitor presents several ids, of which one is another host's.
    pub async fn restart(&self, owner: &str, remember: bool) -> Result<(), SessionError> {
        let mut transaction = self.sessions().database().begin().await?;
        self.restart_within(&mut transaction, owner, remember, |_| ()).await?;
        Ok(transaction.commit().await?)
    }

    /// Like [`restart`](Self::restart), in a transaction of yours: new id, new clocks and what you change with them are there at once, or
    /// none of it is. Calls `keep` with each session that ends by it, and returns what that returns: one of another owner's that
    /// this browser had, and those of which this owner had [too many](crate::SessionConfig::most_per_owner).
    ///
    /// ```
    /// # use session::{Session, SessionError, SessionValue};
    /// # #[derive(Default, serde::Deserialize, serde::Serialize)]
    /// # struct SignIn { user_agent: String }
    /// # impl SessionValue for SignIn { const KEY: &'static str = "sign_in"; }
    /// async fn sign_in(session: &Session, user: &str, user_agent: &str) -> Result<(), SessionError> {
    ///     let mut transaction = session.sessions().database().begin().await?;
    ///     session.restart_within(&mut transaction, user, false, |_| ()).await?;
    ///     session.update_within(&mut transaction, |kept: &mut SignIn| kept.user_agent = user_agent.into()).await?;
    ///     Ok(transaction.commit().await?)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`restart`](Self::restart).
    pub async fn restart_within<R: Send>(
        &self,
        transaction: &mut Transaction,
        owner: &str,
        remember: bool,
        mut keep: impl FnMut(&OwnedSession) -> R + Send,
    ) -> Result<Vec<R>, SessionError> {
        let mut state = self.lock_for_change("restart").await?;
        state.remember = remember;
        let (sessions, mut ended) = (self.sessions(), Vec::new());
        loop {
            let kept = match self.shared.find_within(&mut state, transaction).await? {
                Phase::Live(id, row) if row.owner.as_deref().is_none_or(|before| before == owner) => {
                    Some(id.hash())
                }
                Phase::Live(id, _) => {
                    ended.extend(self.delete(transaction, id.hash()).await?.as_ref().map(&mut keep));
                    None
                }
                Phase::Ended(Some(successor)) => {
                    let found = Store::find_by(&mut **transaction, &successor, sessions.now()).await?;
                    found.filter(|row| row.owner.as_deref() == Some(owner)).map(|_| successor)
                }
                Phase::Ambiguous => return Err(SessionError::Ended),
                Phase::None | Phase::Unread(..) | Phase::Ended(None) => None,
            };
            match kept {
                Some(old) => {
                    if self.give_new_id(&mut state, transaction, &old, Some((owner, remember))).await? {
                        break;
                    }
                    // It has ended meanwhile, or goes on under another id: look again.
                }
                None => {
                    self.begin_within(&mut state, transaction, owner).await?;
                    break;
                }
            }
        }
        let Phase::Live(_, row) = state.phase_within() else { return Ok(ended) };
        let which = Which::Surplus {
            handle: &row.handle,
            most: sessions.config().most_per_owner,
            now: sessions.now(),
        };
        let surplus = sessions.store().delete_owned(transaction, owner, which, keep).await?;
        metrics::counter!(ENDED, "by" => "surplus").increment(surplus.len() as u64);
        ended.extend(surplus);
        Ok(ended)
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
                let usual_end = config.ends_at(row.began_at, false);
                row.ends_at = if remember {
                    config.ends_at(row.began_at, true)
                } else if usual_end > now {
                    row.ends_at.min(usual_end)
                } else {
                    // Older than the usual lifetime, which it could only become by being remembered: it is not over at once.
                    row.ends_at.min(config.expires_at(now, i64::MAX, false))
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
    /// in a new session under a new id. With an id that was exchanged before this request came nothing is ended.
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
    /// [`SessionError::Late`] and [`SessionError::Store`]; [`SessionError::Ended`] for an id that was exchanged before this request came, and
    /// where the visitor presents several ids.
    pub async fn end(&self) -> Result<(), SessionError> {
        {
            let mut state = self.begin_change("end").await?;
            if matches!(state.phase, Phase::None | Phase::Ended(None)) {
                state.phase = Phase::None;
                state.remember = false;
                return Ok(());
            }
        }
        let mut transaction = self.sessions().database().begin().await?;
        self.end_within(&mut transaction, |_| ()).await?;
        Ok(transaction.commit().await?)
    }

    /// Like [`end`](Self::end), in a transaction of yours: the cookie is removed once that is committed. Calls `keep` with the session as it
    /// was and returns what that returns; `None` where there was no session.
    ///
    /// # Errors
    ///
    /// As [`end`](Self::end).
    pub async fn end_within<R: Send>(
        &self,
        transaction: &mut Transaction,
        keep: impl FnOnce(&OwnedSession) -> R + Send,
    ) -> Result<Option<R>, SessionError> {
        let mut state = self.lock_for_change("end").await?;
        let ending = match self.shared.find_within(&mut state, transaction).await? {
            Phase::Live(id, _) => Some(id.hash()),
            // It was exchanged while this request was under way: the visitor means the session, whatever its id is now.
            Phase::Ended(Some(_)) => {
                let presented = self.shared.presented_hash().ok_or(SessionError::Ended)?;
                Some(self.shared.overtaken_by(transaction, &presented).await?.ok_or(SessionError::Ended)?)
            }
            Phase::Ambiguous => return Err(SessionError::Ended),
            Phase::None | Phase::Unread(..) | Phase::Ended(None) => None,
        };
        let mut ended = None;
        if let Some(id) = ending {
            ended = self.delete(transaction, id).await?;
        }
        state.remember = false;
        let event = ended.as_ref().map(|_| SessionEvent::Ended);
        let handle = ended.as_ref().map_or(String::new(), |session| session.handle().to_owned());
        let cookie = if ended.is_some() { self.shared.removal() } else { state.cookie };
        self.shared.pend(&mut state, transaction, (Phase::None, cookie), (handle, event));
        Ok(ended.as_ref().map(keep))
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
        let mut state = self.shared.lock().await;
        self.shared.load(&mut state).await?;
        // One that goes on under another id has not ended: its cookie is on the way to the browser.
        let ended = matches!(state.phase, Phase::Ended(None));
        if ended {
            state.phase = Phase::None;
        }
        Ok(ended)
    }

    /// Deletes the session, also when it goes on under another id since this request came.
    async fn delete(
        &self,
        transaction: &mut Transaction,
        mut id: IdHash,
    ) -> Result<Option<OwnedSession>, SessionError> {
        loop {
            if let Some(ended) = self.sessions().store().delete(transaction, &id).await? {
                tracing::debug!(session = %id, "ended a session");
                metrics::counter!(ENDED, "by" => "visitor").increment(1);
                return Ok(Some(ended));
            }
            let Some(successor) = self.shared.overtaken_by(transaction, &id).await? else { return Ok(None) };
            id = successor;
        }
    }

    async fn lock_for_change(
        &self,
        what: &'static str,
    ) -> Result<tokio::sync::MutexGuard<'_, State>, SessionError> {
        let state = self.shared.lock().await;
        self.shared.refuse_late(what)?;
        Ok(state)
    }

    async fn begin_change(
        &self,
        what: &'static str,
    ) -> Result<tokio::sync::MutexGuard<'_, State>, SessionError> {
        let mut state = self.lock_for_change(what).await?;
        self.shared.load(&mut state).await?;
        Ok(state)
    }

    /// Begins the owner's session, once the transaction is committed.
    async fn begin_within(
        &self,
        state: &mut State,
        transaction: &mut Transaction,
        owner: &str,
    ) -> Result<(), SessionError> {
        let (id, row) = self.shared.new_row(state, Data::new(), Some(owner.to_owned()))?;
        self.sessions().store().insert_within(transaction, &id.hash(), &row).await?;
        let told = (row.handle.clone(), Some(SessionEvent::Began));
        let cookie = CookieChange::Give(CookieReason::NewSession);
        self.shared.pend(state, transaction, (Phase::Live(id, Arc::new(row)), cookie), told);
        Ok(())
    }

    /// Exchanges the id `old` for a new one, once the transaction is committed; with `restart` it becomes the owner's and the clocks start
    /// again, remembered or not. `false` where there is no session under `old`.
    async fn give_new_id(
        &self,
        state: &mut State,
        transaction: &mut Transaction,
        old: &IdHash,
        restart: Option<(&str, bool)>,
    ) -> Result<bool, SessionError> {
        let (sessions, new) = (self.sessions(), SessionId::random());
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
        let Some(row) = sessions.store().renew(transaction, old, &new.hash(), now, change).await? else {
            return Ok(false);
        };
        tracing::debug!(%old, new = %new.hash(), "renewed a session");
        let event = if restart.is_some() { SessionEvent::Restarted } else { SessionEvent::Renewed };
        let told = (row.handle.clone(), Some(event));
        let cookie = CookieChange::Give(CookieReason::NewId);
        self.shared.pend(state, transaction, (Phase::Live(new, Arc::new(row)), cookie), told);
        Ok(true)
    }
}
