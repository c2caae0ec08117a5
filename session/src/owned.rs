//! The sessions of a user: how long they last, listing them, and ending them.

use std::sync::atomic::Ordering;

use time::Duration;

use crate::{
    Session, SessionError, Sessions, Transaction,
    id::SessionId,
    info::{Lifetime, OwnedSession},
    measures::ENDED,
    row::Row,
    state::Phase,
    store::Selection,
};

impl Session {
    /// Later reads in this request do not count as use of the session. Call it first in background requests, so
    /// that an open page does not keep the session alive (ASVS 7.3.1).
    pub fn read_quietly(&self) {
        self.shared.without_touch.store(true, Ordering::Relaxed);
    }

    /// Returns the signed-in user.
    pub async fn owner(&self) -> Result<Option<String>, SessionError> {
        self.with_row(|_, row| row.owner.clone()).await.map(Option::flatten)
    }

    /// Returns the [handle](OwnedSession::handle) of this session.
    pub async fn handle(&self) -> Result<Option<String>, SessionError> {
        self.with_row(|_, row| row.handle.clone()).await
    }

    /// Whether the visitor's session has ended. A session that was just renewed has not.
    pub async fn has_ended(&self) -> Result<bool, SessionError> {
        let state = self.shared.lock_loaded().await?;
        Ok(matches!(state.phase, Phase::Ended(None)))
    }

    /// The sessions of the app.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.shared.sessions
    }

    /// The time of the configured clock, in seconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.shared.sessions.now()
    }

    /// Returns how long this session remains valid.
    pub async fn lifetime(&self) -> Result<Option<Lifetime>, SessionError> {
        let config = self.shared.sessions.config();
        let now = self.shared.sessions.now();
        self.with_row(|_, row| Lifetime {
            unused: Duration::seconds(row.expires_at - now),
            at_most: Duration::seconds(row.ends_at - now),
            idle: config.idle_timeout(row.remembered),
        })
        .await
    }

    /// Returns a short name of this session for logs: the first digits of its id's hash.
    pub async fn log_name(&self) -> Result<Option<String>, SessionError> {
        self.with_row(|id, _| id.hash().to_string()).await
    }

    pub(crate) async fn with_row<R>(
        &self,
        read: impl FnOnce(SessionId, &Row) -> R + Send,
    ) -> Result<Option<R>, SessionError> {
        let state = self.shared.lock_loaded().await?;
        Ok(match &state.phase {
            Phase::Live(id, row) => Some(read(*id, row)),
            _ => None,
        })
    }
}

impl Session {
    /// Fails with [`SessionError::Ended`] when there is no session or it has ended since the request was
    /// received. Call it first in a transaction that changes an account.
    pub async fn require_within(&self, transaction: &mut Transaction) -> Result<(), SessionError> {
        let mut state = self.shared.lock().await;
        match self.shared.load_within(&mut state, transaction).await? {
            Phase::Live(..) => Ok(()),
            _ => Err(SessionError::Ended),
        }
    }
}

/// Requests in progress in an ended session fail with [`SessionError::Ended`]. The closures get one session at
/// a time, so that only one is in memory.
impl Sessions {
    /// Maps the active sessions of a user, most recently used first.
    ///
    /// ```
    /// # use session::{SessionError, Sessions};
    /// async fn list_devices(sessions: &Sessions, user: &str) -> Result<Vec<String>, SessionError> {
    ///     sessions.list_owned(user, |session| session.handle().to_owned()).await
    /// }
    /// ```
    pub async fn list_owned<R: Send>(
        &self,
        owner: &str,
        map: impl FnMut(&OwnedSession) -> R + Send,
    ) -> Result<Vec<R>, SessionError> {
        self.store().list_owned(owner, self.now(), map).await
    }

    /// Ends all sessions of a user and maps them.
    ///
    /// ```
    /// # use session::{SessionError, Sessions};
    /// async fn remove_account(sessions: &Sessions, user: &str) -> Result<(), SessionError> {
    ///     let mut transaction = sessions.database().begin().await?;
    ///     sessions.end_owned(&mut transaction, user, |_| ()).await?;
    ///     // … delete the user …
    ///     Ok(transaction.commit().await?)
    /// }
    /// ```
    pub async fn end_owned<R: Send>(
        &self,
        transaction: &mut Transaction,
        owner: &str,
        map: impl FnMut(&OwnedSession) -> R + Send,
    ) -> Result<Vec<R>, SessionError> {
        self.end_selected(transaction, owner, Selection::All, map).await
    }

    /// Ends the user's session with this handle and maps it. Returns `None` if there is no such session.
    pub async fn end_one<R: Send>(
        &self,
        transaction: &mut Transaction,
        owner: &str,
        handle: &str,
        map: impl FnMut(&OwnedSession) -> R + Send,
    ) -> Result<Option<R>, SessionError> {
        Ok(self.end_selected(transaction, owner, Selection::One(handle), map).await?.pop())
    }

    /// Ends a user's sessions except the one with this handle, and maps them.
    pub async fn end_others<R: Send>(
        &self,
        transaction: &mut Transaction,
        owner: &str,
        handle: &str,
        map: impl FnMut(&OwnedSession) -> R + Send,
    ) -> Result<Vec<R>, SessionError> {
        self.end_selected(transaction, owner, Selection::AllExcept(handle), map).await
    }

    /// Ends all sessions, including those of guests, and returns their number.
    pub async fn end_all(&self) -> Result<u64, SessionError> {
        self.store().delete_all().await
    }

    async fn end_selected<R: Send>(
        &self,
        transaction: &mut Transaction,
        owner: &str,
        selection: Selection<'_>,
        map: impl FnMut(&OwnedSession) -> R + Send,
    ) -> Result<Vec<R>, SessionError> {
        let ended = self.store().delete_owned(transaction, owner, selection, map).await?;
        metrics::counter!(ENDED, "by" => "owner").increment(ended.len() as u64);
        Ok(ended)
    }
}
