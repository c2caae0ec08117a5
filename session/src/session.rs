//! The handle that a request has on its visitor's session: its values. How it begins and ends is in `lifecycle.rs`.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};

use serde_json::value::RawValue;

use crate::{
    SessionError, SessionValue, Sessions, Transaction,
    id::IdHash,
    state::{Changed, Phase, Shared},
    value::{decode, encode, is_current},
};

/// The session of the visitor who sent this request: an extractor, cheap to clone.
///
/// It holds nothing that could be replayed, and its `Debug` form shows none of the visitor's data. Every change is in the store
/// when its call returns.
#[derive(Clone)]
pub struct Session {
    pub(crate) shared: Arc<Shared>,
}

/// One version of one session, or no session at all. Nothing that could be replayed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionVersion(Option<(IdHash, i64)>);

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(sessions: Sessions, headers: &HeaderMap) -> Self {
        Self { shared: Arc::new(Shared::new(sessions, headers)) }
    }

    /// The session of a request that came through a [`SessionLayer`](crate::SessionLayer).
    ///
    /// # Errors
    ///
    /// [`SessionError::NoLayer`] when there is no such layer around the route.
    pub fn of(parts: &Parts) -> Result<Self, SessionError> {
        parts.extensions.get::<Self>().cloned().ok_or(SessionError::NoLayer)
    }

    /// Lets a session begin in this request only where `allow` says so, which is asked when one is about to begin: for whoever
    /// bounds how many one address may make (ASVS 2.4.1). Its error is the seconds to wait. The first limit stays.
    ///
    /// ```
    /// # use session::Session;
    /// fn refuse_new_sessions(session: &Session) {
    ///     session.limit_beginning(|| Err(60));
    /// }
    /// ```
    pub fn limit_beginning(&self, allow: impl Fn() -> Result<(), u32> + Send + Sync + 'static) {
        // Set already: that limit stays.
        let _ = self.shared.beginning.set(Box::new(allow));
    }

    /// Makes sure that a session may begin where there is none, ahead of what must not be done without: the next write in this
    /// request is not refused for that.
    ///
    /// ```
    /// # use session::{Session, SessionError};
    /// async fn register(session: Session) -> Result<(), SessionError> {
    ///     session.admit().await?;
    ///     // … make the account …
    ///     session.restart("ada", false).await.map(drop)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::TooMany`] when none may begin, [`SessionError::Store`] when the store fails.
    pub async fn admit(&self) -> Result<(), SessionError> {
        let mut state = self.shared.lock().await;
        self.shared.load(&mut state).await?;
        if matches!(state.phase, Phase::Live(..)) { Ok(()) } else { self.shared.admit(&mut state) }
    }

    /// The value kept under `T`'s key, if there is one.
    ///
    /// ```
    /// # use session::{Session, SessionError, SessionValue};
    /// # #[derive(Default, serde::Deserialize, serde::Serialize)]
    /// # struct Visits(u64);
    /// # impl SessionValue for Visits { const KEY: &'static str = "visits"; }
    /// async fn show(session: Session) -> Result<String, SessionError> {
    ///     let visits = session.read::<Visits>().await?.unwrap_or_default();
    ///     Ok(format!("{} visits so far", visits.0))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn read<T: SessionValue>(&self) -> Result<Option<T>, SessionError> {
        let mut state = self.shared.lock().await;
        self.shared.load(&mut state).await?;
        Ok(match &state.phase {
            Phase::Live(_, row) => row.data.get(T::KEY).and_then(|stored| decode(stored)),
            _ => None,
        })
    }

    /// Which version of which session this is: another one after each change, and never one of another session. For whoever keeps
    /// what was made from its values.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn version(&self) -> Result<SessionVersion, SessionError> {
        let mut state = self.shared.lock().await;
        self.shared.load(&mut state).await?;
        Ok(SessionVersion(match &state.phase {
            Phase::Live(id, row) => Some((id.hash(), row.version)),
            _ => None,
        }))
    }

    /// Changes the value kept under `T`'s key (its default where there is none) and returns what `change` returns.
    ///
    /// The change is made to the newest value that there is, whoever else is writing, here or in another process: `change` is
    /// called again when somebody else was faster, and what it made before is dropped. A value that it leaves as it was is
    /// not written. Other keys are never touched.
    ///
    /// ```
    /// # use session::{Session, SessionError, SessionValue};
    /// # #[derive(Default, serde::Deserialize, serde::Serialize)]
    /// # struct Visits(u64);
    /// # impl SessionValue for Visits { const KEY: &'static str = "visits"; }
    /// async fn count(session: Session) -> Result<String, SessionError> {
    ///     let number = session
    ///         .update(|visits: &mut Visits| {
    ///             visits.0 += 1;
    ///             visits.0
    ///         })
    ///         .await?;
    ///     Ok(format!("visit number {number}"))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`] when the session is over, [`SessionError::Late`] when the response has begun,
    /// [`SessionError::Encode`] when the new value is no JSON, [`SessionError::TooLarge`] when it is too large,
    /// [`SessionError::TooMany`] when a session would begin and must not, [`SessionError::Store`] when the store fails.
    pub async fn update<T, R>(&self, change: impl FnMut(&mut T) -> R + Send) -> Result<R, SessionError>
    where
        T: SessionValue + Default,
        R: Send,
    {
        self.shared.change(T::KEY, typed(change)).await
    }

    /// Like [`update`](Self::update), in a transaction of yours: the value changes with what else stands there, or not at all. A
    /// visitor without a session gets none.
    ///
    /// ```
    /// # use session::{Session, SessionError, SessionValue};
    /// # #[derive(Default, serde::Deserialize, serde::Serialize)]
    /// # struct Cart(Vec<i64>);
    /// # impl SessionValue for Cart { const KEY: &'static str = "cart"; }
    /// async fn order(session: Session) -> Result<(), SessionError> {
    ///     let mut transaction = session.sessions().database().begin().await?;
    ///     // … note the order …
    ///     let _ordered = session.update_within(&mut transaction, |cart: &mut Cart| std::mem::take(cart)).await?;
    ///     Ok(transaction.commit().await?)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub async fn update_within<T, R>(
        &self,
        transaction: &mut Transaction,
        change: impl FnMut(&mut T) -> R + Send,
    ) -> Result<R, SessionError>
    where
        T: SessionValue + Default,
        R: Send,
    {
        self.shared.change_within(transaction, T::KEY, typed(change)).await
    }

    /// Takes the value out of the session.
    ///
    /// ```
    /// # use session::{Session, SessionError, SessionValue};
    /// # #[derive(Default, serde::Deserialize, serde::Serialize)]
    /// # struct Visits(u64);
    /// # impl SessionValue for Visits { const KEY: &'static str = "visits"; }
    /// async fn reset(session: Session) -> Result<String, SessionError> {
    ///     let visits = session.remove::<Visits>().await?.unwrap_or_default();
    ///     Ok(format!("{} visits are forgotten", visits.0))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub async fn remove<T: SessionValue>(&self) -> Result<Option<T>, SessionError> {
        let removed = self
            .shared
            .change(T::KEY, |stored| Ok((stored.map(|_| None), stored.map(RawValue::to_owned))))
            .await?;
        Ok(removed.as_deref().and_then(decode))
    }
}

/// A change of a typed value as one of the stored JSON: the new one, or nothing where it stays.
fn typed<T, R>(
    mut change: impl FnMut(&mut T) -> R + Send,
) -> impl FnMut(Option<&RawValue>) -> Changed<R> + Send
where
    T: SessionValue + Default,
{
    move |stored| {
        let decoded = stored.and_then(decode::<T>);
        // An older shape, and what does not decode, is written anew.
        let current = stored.is_none() || decoded.is_some() && stored.is_some_and(is_current::<T>);
        let mut value = decoded.unwrap_or_default();
        let before = encode(&value)?;
        let result = change(&mut value);
        let after = encode(&value)?;
        let changed = !current || before.get() != after.get();
        Ok((changed.then_some(Some(after)), result))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = SessionError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Self::of(parts)
    }
}
