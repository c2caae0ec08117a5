//! The [`Session`] extractor: reading and updating values. `lifecycle.rs` has sign-in, renewal and sign-out.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};

use serde_json::value::RawValue;

use crate::{
    SessionError, SessionValue, Sessions, Transaction,
    state::{ChangeResult, Phase, Shared},
    value::{decode, encode, is_current},
};

/// The session of the visitor who sent this request: an extractor, cheap to clone.
///
/// A change is stored when its call returns. Every method can also fail with [`SessionError::Store`].
#[derive(Clone)]
pub struct Session {
    pub(crate) shared: Arc<Shared>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Sessions {
    /// Returns the session of a request, for code without the [layer](Self::layer). Call [`close`](Self::close)
    /// at the end.
    #[must_use]
    pub fn open(&self, request: &HeaderMap) -> Session {
        Session::new(self.clone(), request)
    }

    /// Adds the session's cookie and caching headers to the response. Later writes are refused.
    pub async fn close(&self, session: &Session, response: &mut HeaderMap) {
        session.shared.close(response).await;
    }
}

impl Session {
    pub(crate) fn new(sessions: Sessions, headers: &HeaderMap) -> Self {
        Self { shared: Arc::new(Shared::new(sessions, headers)) }
    }

    /// Returns the session of a request. Fails with [`SessionError::NoLayer`] without a
    /// [`SessionLayer`](crate::SessionLayer).
    pub fn of(parts: &Parts) -> Result<Self, SessionError> {
        parts.extensions.get::<Self>().cloned().ok_or(SessionError::NoLayer)
    }

    /// Calls `allow` before this request creates a session, to limit new sessions by client (ASVS 2.4.1).
    /// `Err` holds the seconds to wait. Only the first limit that is set counts.
    pub fn limit_beginning(&self, allow: impl Fn() -> Result<(), u32> + Send + Sync + 'static) {
        let _ = self.shared.creation_limit.set(Box::new(allow));
    }

    /// Checks the [limit](Self::limit_beginning) before work that needs a session, such as a registration.
    /// After `Ok`, the next write can create one. Fails with [`SessionError::TooMany`].
    pub async fn admit(&self) -> Result<(), SessionError> {
        let mut state = self.shared.lock_loaded().await?;
        if matches!(state.phase, Phase::Live(..)) {
            Ok(())
        } else {
            self.shared.ensure_can_create(&mut state)
        }
    }

    /// Returns the value of type `T`, or `None` if it was not set or does not decode.
    pub async fn read<T: SessionValue>(&self) -> Result<Option<T>, SessionError> {
        self.with_row(|_, row| row.data.get(T::KEY).and_then(|stored| decode(stored)))
            .await
            .map(Option::flatten)
    }

    /// Updates the value of type `T`, or its default if it was not set, and returns the result of `change`.
    ///
    /// `change` gets the newest stored value. It runs again after a conflict, and only the last run is stored,
    /// so it must not have side effects. An unchanged value is not written. A visitor without a session gets one.
    ///
    /// Fails with [`SessionError::Ended`], [`SessionError::Late`], [`SessionError::Encode`],
    /// [`SessionError::TooLarge`] or [`SessionError::TooMany`].
    pub async fn update<T, R>(&self, change: impl FnMut(&mut T) -> R + Send) -> Result<R, SessionError>
    where
        T: SessionValue + Default,
        R: Send,
    {
        self.shared.change(T::KEY, typed_change(change)).await
    }

    /// Like [`update`](Self::update), inside your transaction. It does not create a session.
    ///
    /// ```
    /// # use session::{Session, SessionError, SessionValue};
    /// # #[derive(Default, serde::Deserialize, serde::Serialize)]
    /// # struct Cart(Vec<i64>);
    /// # impl SessionValue for Cart { const KEY: &'static str = "cart"; }
    /// async fn order(session: Session) -> Result<(), SessionError> {
    ///     let mut transaction = session.sessions().database().begin().await?;
    ///     let _items = session.update_within(&mut transaction, |cart: &mut Cart| std::mem::take(cart)).await?;
    ///     // … insert the order …
    ///     Ok(transaction.commit().await?)
    /// }
    /// ```
    pub async fn update_within<T, R>(
        &self,
        transaction: &mut Transaction,
        change: impl FnMut(&mut T) -> R + Send,
    ) -> Result<R, SessionError>
    where
        T: SessionValue + Default,
        R: Send,
    {
        self.shared.change_within(transaction, T::KEY, typed_change(change)).await
    }

    /// Removes the value of type `T` and returns it. Fails like [`update`](Self::update).
    pub async fn remove<T: SessionValue>(&self) -> Result<Option<T>, SessionError> {
        let removed = self
            .shared
            .change(T::KEY, |stored| Ok((stored.map(|_| None), stored.map(RawValue::to_owned))))
            .await?;
        Ok(removed.as_deref().and_then(decode))
    }
}

fn typed_change<T, R>(
    mut change: impl FnMut(&mut T) -> R + Send,
) -> impl FnMut(Option<&RawValue>) -> ChangeResult<R> + Send
where
    T: SessionValue + Default,
{
    move |stored| {
        let decoded = stored.and_then(decode::<T>);
        // A value in an older format is written even if `change` leaves it as it is.
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
