//! Sign-in, renewal of the id, "remember me" and sign-out.

use std::sync::Arc;

use tokio::sync::MutexGuard;

use crate::{
    CookieReason, OwnedSession, Session, SessionError, SessionEvent, Transaction,
    id::{IdHash, SessionId},
    measures::ENDED,
    row::Row,
    state::{CookieChange, Phase, State},
    store::{Selection, Store},
    value::Data,
};

impl Session {
    /// Replaces the session's id, and keeps its values and timeouts. The old id is invalid at once. Does
    /// nothing without a session. Fails with [`SessionError::Ended`] or [`SessionError::Late`].
    pub async fn renew(&self) -> Result<(), SessionError> {
        {
            let state = self.load_for_change("renew").await?;
            if matches!(state.phase, Phase::None) {
                return Ok(());
            }
        }
        let mut transaction = self.sessions().database().begin().await?;
        self.renew_within(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Like [`renew`](Self::renew), inside your transaction. The cookie is set if it is committed.
    pub async fn renew_within(&self, transaction: &mut Transaction) -> Result<(), SessionError> {
        let mut state = self.lock_for_change("renew").await?;
        match self.shared.load_within(&mut state, transaction).await? {
            Phase::Live(old, _) if self.cycle_id(&mut state, transaction, &old.hash(), None).await? => Ok(()),
            Phase::None => Ok(()),
            _ => Err(SessionError::Ended),
        }
    }

    /// Signs `owner` in: the session gets a new id, and both timeouts start again (ASVS 7.2.4). `remember`
    /// turns "remember me" on or off. Verify the password first.
    ///
    /// Keeps the values of a guest or of the same user, and deletes those of another user. A repeated request
    /// continues the session of the first one. Sessions over the
    /// [limit](crate::SessionConfig::most_per_owner) end, the least recently used first.
    ///
    /// Fails with [`SessionError::Late`], [`SessionError::TooMany`], or [`SessionError::Ended`] when the
    /// request presents several valid ids.
    pub async fn restart(&self, owner: &str, remember: bool) -> Result<(), SessionError> {
        let mut transaction = self.sessions().database().begin().await?;
        self.restart_within(&mut transaction, owner, remember, |_| ()).await?;
        Ok(transaction.commit().await?)
    }

    /// Like [`restart`](Self::restart), inside your transaction. Maps the sessions that end: another user's
    /// session in this browser, and those over the limit.
    ///
    /// ```
    /// # use session::{Session, SessionError, SessionValue};
    /// # #[derive(Default, serde::Deserialize, serde::Serialize)]
    /// # struct SignIn { user_agent: String }
    /// # impl SessionValue for SignIn { const KEY: &'static str = "sign_in"; }
    /// async fn sign_in(session: &Session, user: &str, user_agent: &str) -> Result<(), SessionError> {
    ///     let mut transaction = session.sessions().database().begin().await?;
    ///     session.restart_within(&mut transaction, user, false, |_| ()).await?;
    ///     session.update_within(&mut transaction, |value: &mut SignIn| value.user_agent = user_agent.into()).await?;
    ///     Ok(transaction.commit().await?)
    /// }
    /// ```
    pub async fn restart_within<R: Send>(
        &self,
        transaction: &mut Transaction,
        owner: &str,
        remember: bool,
        mut map: impl FnMut(&OwnedSession) -> R + Send,
    ) -> Result<Vec<R>, SessionError> {
        let mut state = self.lock_for_change("restart").await?;
        state.remember = remember;
        let (sessions, mut ended) = (self.sessions(), Vec::new());
        loop {
            let continued = match self.shared.load_within(&mut state, transaction).await? {
                Phase::Live(id, row) if row.owner.as_deref().is_none_or(|before| before == owner) => {
                    Some(id.hash())
                }
                Phase::Live(id, _) => {
                    ended.extend(self.delete(transaction, id.hash()).await?.as_ref().map(&mut map));
                    None
                }
                Phase::Ended(Some(successor)) => {
                    let found = Store::find_in(&mut **transaction, &successor, sessions.now()).await?;
                    found.filter(|row| row.owner.as_deref() == Some(owner)).map(|_| successor)
                }
                Phase::Ambiguous => return Err(SessionError::Ended),
                Phase::None | Phase::NotLoaded(..) | Phase::Ended(None) => None,
            };
            match continued {
                Some(old) => {
                    if self.cycle_id(&mut state, transaction, &old, Some((owner, remember))).await? {
                        break;
                    }
                    // It ended or was renewed meanwhile: look again.
                }
                None => {
                    self.create_within(&mut state, transaction, owner).await?;
                    break;
                }
            }
        }
        let Phase::Live(_, row) = state.phase_within() else { return Ok(ended) };
        let selection = Selection::Surplus {
            handle: &row.handle,
            max: sessions.config().most_per_owner,
            now: sessions.now(),
        };
        let surplus = sessions.store().delete_owned(transaction, owner, selection, map).await?;
        metrics::counter!(ENDED, "by" => "surplus").increment(surplus.len() as u64);
        ended.extend(surplus);
        Ok(ended)
    }

    /// Turns "remember me" on (longer timeouts, a cookie that outlasts the browser) or off, which never
    /// extends a timeout. Verify the password first. Fails like [`update`](Self::update).
    pub async fn remember(&self, remember: bool) -> Result<(), SessionError> {
        let mut state = self.load_for_change("remember").await?;
        state.remember = remember;
        let now = self.shared.sessions.now();
        self.shared
            .update_row(&mut state, |row, config| {
                row.remembered = remember;
                let usual_end = config.ends_at(row.began_at, false);
                row.ends_at = if remember {
                    config.ends_at(row.began_at, true)
                } else if usual_end > now {
                    row.ends_at.min(usual_end)
                } else {
                    // Only a remembered session can be this old. It must not end at once.
                    row.ends_at.min(config.expires_at(now, i64::MAX, false))
                };
                row.touch(now, config);
                Ok(true)
            })
            .await?;
        if let Phase::Live(_, row) = &state.phase {
            self.shared.emit(row, SessionEvent::Remembered { remember });
            if state.cookie == CookieChange::Keep {
                state.cookie = CookieChange::Resend(CookieReason::NewAge);
            }
        }
        Ok(())
    }

    /// Signs out: deletes the session and its cookie. A later write, also in this request, creates a new one.
    ///
    /// Fails with [`SessionError::Late`], or with [`SessionError::Ended`] when the id was replaced before this
    /// request was received or the request presents several valid ids.
    pub async fn end(&self) -> Result<(), SessionError> {
        {
            let mut state = self.load_for_change("end").await?;
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

    /// Like [`end`](Self::end), inside your transaction. Maps the ended session; `None` without a session. The
    /// cookie is removed if the transaction is committed.
    pub async fn end_within<R: Send>(
        &self,
        transaction: &mut Transaction,
        map: impl FnOnce(&OwnedSession) -> R + Send,
    ) -> Result<Option<R>, SessionError> {
        let mut state = self.lock_for_change("end").await?;
        let ending = match self.shared.load_within(&mut state, transaction).await? {
            Phase::Live(id, _) => Some(id.hash()),
            // If it was renewed while this request was in progress, it ends under its new id.
            Phase::Ended(Some(_)) => {
                let presented = self.shared.presented_hash().ok_or(SessionError::Ended)?;
                Some(self.shared.overtaken_by(transaction, &presented).await?.ok_or(SessionError::Ended)?)
            }
            Phase::Ambiguous => return Err(SessionError::Ended),
            Phase::None | Phase::NotLoaded(..) | Phase::Ended(None) => None,
        };
        let mut ended = None;
        if let Some(id) = ending {
            ended = self.delete(transaction, id).await?;
        }
        state.remember = false;
        let event = ended.as_ref().map(|_| SessionEvent::Ended);
        let handle = ended.as_ref().map_or(String::new(), |session| session.handle().to_owned());
        let cookie = if ended.is_some() { self.shared.cookie_removal() } else { state.cookie };
        self.shared.set_pending(&mut state, transaction, (Phase::None, cookie), (handle, event));
        Ok(ended.as_ref().map(map))
    }

    /// Lets the next write replace an ended session by a new one, and returns whether it had ended. Call it
    /// when a visitor opens a page, not in background requests: a write in progress during a sign-out must fail.
    pub async fn start_over(&self) -> Result<bool, SessionError> {
        let mut state = self.shared.lock_loaded().await?;
        // A renewed session has not ended: the browser will get its new cookie.
        let ended = matches!(state.phase, Phase::Ended(None));
        if ended {
            state.phase = Phase::None;
        }
        Ok(ended)
    }

    /// Deletes the session, under its new id if it was renewed since this request was received.
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

    async fn lock_for_change(&self, method: &'static str) -> Result<MutexGuard<'_, State>, SessionError> {
        let state = self.shared.lock().await;
        self.shared.ensure_response_not_started(method)?;
        Ok(state)
    }

    async fn load_for_change(&self, method: &'static str) -> Result<MutexGuard<'_, State>, SessionError> {
        let mut state = self.lock_for_change(method).await?;
        self.shared.load(&mut state).await?;
        Ok(state)
    }

    async fn create_within(
        &self,
        state: &mut State,
        transaction: &mut Transaction,
        owner: &str,
    ) -> Result<(), SessionError> {
        let (id, row) = self.shared.new_row(state, Data::new(), Some(owner.to_owned()))?;
        self.sessions().store().insert_within(transaction, &id.hash(), &row).await?;
        let notification = (row.handle.clone(), Some(SessionEvent::Began));
        let cookie = CookieChange::Set(CookieReason::NewSession);
        self.shared.set_pending(state, transaction, (Phase::Live(id, Arc::new(row)), cookie), notification);
        Ok(())
    }

    /// Replaces the id `old` when the transaction is committed, and signs in a user, remembered or not.
    /// Returns `false` if there is no session with the id `old`.
    async fn cycle_id(
        &self,
        state: &mut State,
        transaction: &mut Transaction,
        old: &IdHash,
        sign_in: Option<(&str, bool)>,
    ) -> Result<bool, SessionError> {
        let (sessions, new) = (self.sessions(), SessionId::random());
        let (config, now) = (sessions.config(), sessions.now());
        let change = |row: &mut Row| {
            if let Some((owner, remember)) = sign_in {
                row.owner = Some(owner.to_owned());
                row.began_at = now;
                row.remembered = remember;
                row.ends_at = config.ends_at(now, remember);
                row.touch(now, config);
            }
        };
        let Some(row) = sessions.store().cycle_id(transaction, old, &new.hash(), now, change).await? else {
            return Ok(false);
        };
        tracing::debug!(%old, new = %new.hash(), "renewed a session");
        let event = if sign_in.is_some() { SessionEvent::Restarted } else { SessionEvent::Renewed };
        let notification = (row.handle.clone(), Some(event));
        let cookie = CookieChange::Set(CookieReason::NewId);
        self.shared.set_pending(state, transaction, (Phase::Live(new, Arc::new(row)), cookie), notification);
        Ok(true)
    }
}
