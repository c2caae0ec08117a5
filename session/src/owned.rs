//! Sessions as their owner sees them: how long this one lasts, which others there are, and how they are ended.

use std::sync::atomic::Ordering;

use time::Duration;

use crate::{
    Session, SessionError, SessionValue, Sessions, Transaction,
    id::SessionId,
    measures::ENDED,
    state::Phase,
    store::{Row, Which},
    value::extract,
};

/// One session as its owner sees it.
pub struct OwnedSession {
    pub(crate) owner: Option<String>,
    pub(crate) handle: String,
    pub(crate) began_at: i64,
    pub(crate) used_at: i64,
    /// The values as JSON text.
    pub(crate) data: String,
}

/// Shows none of the visitor's data.
impl std::fmt::Debug for OwnedSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnedSession").finish_non_exhaustive()
    }
}

impl OwnedSession {
    /// The user who signed in; `None` for a guest's session.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// What the owner calls it by: it stays over all changes of the id, and opens nothing.
    #[must_use]
    pub fn handle(&self) -> &str {
        &self.handle
    }

    /// When its owner signed in, in seconds since 1970.
    #[must_use]
    pub fn began_at(&self) -> i64 {
        self.began_at
    }

    /// When it was last in use, to the minute, in seconds since 1970.
    #[must_use]
    pub fn used_at(&self) -> i64 {
        self.used_at
    }

    /// The value kept under `T`'s key, if there is one. The other values are not looked into.
    #[must_use]
    pub fn read<T: SessionValue>(&self) -> Option<T> {
        extract(&self.data)
    }
}

/// How long a session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// It is over then, unless it is used.
    pub unused: Duration,
    /// It is over then, however busy.
    pub at_most: Duration,
    /// How long it goes on after each use.
    pub idle: Duration,
}

impl Session {
    /// From here on reading in this request does not count as a use: for what a page asks by itself, without its visitor, lest an
    /// open page keep a session alive (ASVS 7.3.1). Call it first.
    ///
    /// ```
    /// # use session::{Session, SessionError};
    /// async fn seconds_left(session: Session) -> Result<String, SessionError> {
    ///     session.read_quietly();
    ///     let lifetime = session.lifetime().await?;
    ///     Ok(lifetime.map_or(0, |lifetime| lifetime.unused.whole_seconds()).to_string())
    /// }
    /// ```
    pub fn read_quietly(&self) {
        self.shared.quiet.store(true, Ordering::Relaxed);
    }

    /// Who has signed in, if somebody has.
    ///
    /// ```
    /// # use session::{Session, SessionError};
    /// async fn hello(session: Session) -> Result<String, SessionError> {
    ///     Ok(session.owner().await?.map_or("Hello!".into(), |user| format!("Hello, {user}!")))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn owner(&self) -> Result<Option<String>, SessionError> {
        self.look(|_, row| row.owner.clone()).await.map(Option::flatten)
    }

    /// The handle of this session among its owner's.
    ///
    /// ```
    /// # use session::{Session, SessionError};
    /// async fn is_this_one(session: &Session, handle: &str) -> Result<bool, SessionError> {
    ///     Ok(session.handle().await?.as_deref() == Some(handle))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn handle(&self) -> Result<Option<String>, SessionError> {
        self.look(|_, row| row.handle.clone()).await
    }

    /// Whether the visitor came with a session that is over. One that goes on under another id is not: its cookie is on the way to
    /// the browser.
    ///
    /// ```
    /// # use session::{Session, SessionError};
    /// async fn hello(session: Session) -> Result<&'static str, SessionError> {
    ///     Ok(if session.has_ended().await? { "Your session has ended." } else { "Hello!" })
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn has_ended(&self) -> Result<bool, SessionError> {
        let mut state = self.shared.lock().await;
        self.shared.load(&mut state).await?;
        Ok(matches!(state.phase, Phase::Ended(None)))
    }

    /// All sessions of the app.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.shared.sessions
    }

    /// The time that sessions go by, in seconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.shared.sessions.now()
    }

    /// How long this session goes on, if there is one.
    ///
    /// ```
    /// # use session::{Session, SessionError};
    /// async fn ends_soon(session: &Session) -> Result<bool, SessionError> {
    ///     let lifetime = session.lifetime().await?;
    ///     Ok(lifetime.is_some_and(|lifetime| lifetime.unused < time::Duration::MINUTE))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn lifetime(&self) -> Result<Option<Lifetime>, SessionError> {
        let config = self.shared.sessions.config();
        let now = self.shared.sessions.now();
        self.look(|_, row| Lifetime {
            unused: Duration::seconds(row.expires_at - now),
            at_most: Duration::seconds(row.ends_at - now),
            idle: if row.remembered { config.remembered } else { config.idle },
        })
        .await
    }

    /// A short name for this session in a log: the beginning of its id's hash, from which nothing can be replayed.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn log_name(&self) -> Result<Option<String>, SessionError> {
        self.look(|id, _| id.hash().to_string()).await
    }

    pub(crate) async fn look<R>(
        &self,
        look: impl FnOnce(SessionId, &Row) -> R + Send,
    ) -> Result<Option<R>, SessionError> {
        let mut state = self.shared.lock().await;
        self.shared.load(&mut state).await?;
        Ok(match &state.phase {
            Phase::Live(id, row) => Some(look(*id, row)),
            _ => None,
        })
    }
}

impl Session {
    /// Makes sure, within a transaction, that this session still lives: for a change that its visitor makes elsewhere.
    ///
    /// ```
    /// # use session::{Session, SessionError};
    /// async fn change_name(session: &Session) -> Result<(), SessionError> {
    ///     let mut transaction = session.sessions().database().begin().await?;
    ///     session.require_within(&mut transaction).await?;
    ///     // … change the name in the same transaction …
    ///     Ok(transaction.commit().await?)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`] where there is none any more, [`SessionError::Store`] when the store fails.
    pub async fn require_within(&self, transaction: &mut Transaction) -> Result<(), SessionError> {
        let mut state = self.shared.lock().await;
        match self.shared.find_within(&mut state, transaction).await? {
            Phase::Live(..) => Ok(()),
            _ => Err(SessionError::Ended),
        }
    }
}

/// Ending is part of a transaction, with the reason for it. Requests that are under way in the ended sessions are refused with
/// [`SessionError::Ended`]. Sessions are handed to a closure one by one, so that only one of them is in memory.
impl Sessions {
    /// Calls `show` with each of an owner's sessions, the one used last first, and returns what that returns.
    ///
    /// ```
    /// # use session::{SessionError, Sessions};
    /// async fn list_devices(sessions: &Sessions, user: &str) -> Result<Vec<String>, SessionError> {
    ///     sessions.list_owned(user, |session| session.handle().to_owned()).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn list_owned<R: Send>(
        &self,
        owner: &str,
        show: impl FnMut(&OwnedSession) -> R + Send,
    ) -> Result<Vec<R>, SessionError> {
        self.store().list_owned(owner, self.now(), show).await
    }

    /// Ends all sessions of an owner. Calls `keep` with each as it was, and returns what that returns.
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
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn end_owned<R: Send>(
        &self,
        transaction: &mut Transaction,
        owner: &str,
        keep: impl FnMut(&OwnedSession) -> R + Send,
    ) -> Result<Vec<R>, SessionError> {
        self.end_which(transaction, owner, Which::All, keep).await
    }

    /// Ends one session of an owner by its handle. Calls `keep` with it as it was; `None` where there is no such session.
    ///
    /// ```
    /// # use session::{SessionError, Sessions};
    /// async fn sign_out_device(sessions: &Sessions, user: &str, device: &str) -> Result<bool, SessionError> {
    ///     let mut transaction = sessions.database().begin().await?;
    ///     let ended = sessions.end_one(&mut transaction, user, device, |_| ()).await?;
    ///     transaction.commit().await?;
    ///     Ok(ended.is_some())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn end_one<R: Send>(
        &self,
        transaction: &mut Transaction,
        owner: &str,
        handle: &str,
        keep: impl FnMut(&OwnedSession) -> R + Send,
    ) -> Result<Option<R>, SessionError> {
        Ok(self.end_which(transaction, owner, Which::One(handle), keep).await?.pop())
    }

    /// Ends all sessions of an owner but one. Calls `keep` with each as it was, and returns what that returns.
    ///
    /// ```
    /// # use session::{SessionError, Sessions};
    /// async fn sign_out_elsewhere(sessions: &Sessions, user: &str, here: &str) -> Result<usize, SessionError> {
    ///     let mut transaction = sessions.database().begin().await?;
    ///     let ended = sessions.end_others(&mut transaction, user, here, |_| ()).await?;
    ///     transaction.commit().await?;
    ///     Ok(ended.len())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn end_others<R: Send>(
        &self,
        transaction: &mut Transaction,
        owner: &str,
        handle: &str,
        keep: impl FnMut(&OwnedSession) -> R + Send,
    ) -> Result<Vec<R>, SessionError> {
        self.end_which(transaction, owner, Which::AllBut(handle), keep).await
    }

    /// Ends every session there is, guests' too, and returns how many there were.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn end_all(&self) -> Result<u64, SessionError> {
        self.store().delete_all().await
    }

    async fn end_which<R: Send>(
        &self,
        transaction: &mut Transaction,
        owner: &str,
        which: Which<'_>,
        keep: impl FnMut(&OwnedSession) -> R + Send,
    ) -> Result<Vec<R>, SessionError> {
        let ended = self.store().delete_owned(transaction, owner, which, keep).await?;
        metrics::counter!(ENDED, "by" => "owner").increment(ended.len() as u64);
        Ok(ended)
    }
}
