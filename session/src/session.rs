//! The handle that a request has on its visitor's session.

use axum::{extract::FromRequestParts, http::request::Parts};

use serde::{Deserialize, Serialize};
use time::Duration;
use tower_sessions::Expiry;

use crate::{
    SessionError, SessionValue,
    value::{decode, encode},
};

/// The session of the visitor who sent this request: an extractor, cheap to clone.
///
/// It holds nothing that could be replayed, and its `Debug` form shows none of the visitor's data.
#[derive(Clone)]
pub struct Session {
    inner: tower_sessions::Session,
    remembered: RememberedFor,
}

/// How long a remembered session may be unused; the layer gives it to each request.
#[derive(Clone, Copy, Debug)]
pub struct RememberedFor(pub(crate) Duration);

/// Whether the visitor chose to be remembered. It lies in the session, because tower-sessions forgets an expiry that is set
/// for one session at that session's next write.
#[derive(Default, Deserialize, Serialize)]
struct Remember(bool);

impl SessionValue for Remember {
    const KEY: &'static str = "remember";
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    /// The session of a request that came through a [`SessionLayer`](crate::SessionLayer).
    ///
    /// # Errors
    ///
    /// [`SessionError::NoLayer`] when there is no such layer around the route.
    pub fn of(parts: &Parts) -> Result<Self, SessionError> {
        let inner = parts
            .extensions
            .get::<tower_sessions::Session>()
            .cloned()
            .ok_or(SessionError::NoLayer)?;
        let remembered = parts
            .extensions
            .get::<RememberedFor>()
            .copied()
            .ok_or(SessionError::NoLayer)?;
        Ok(Self { inner, remembered })
    }

    /// The value kept under `T`'s key, if there is one.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn read<T: SessionValue>(&self) -> Result<Option<T>, SessionError> {
        Ok(self.inner.get_value(T::KEY).await?.and_then(decode))
    }

    /// Changes the value kept under `T`'s key (its default where there is none) and returns what `change` returns.
    ///
    /// A value that `change` leaves as it was is not written.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails, [`SessionError::Encode`] when the new value is no JSON.
    pub async fn update<T, R>(&self, change: impl FnOnce(&mut T) -> R + Send) -> Result<R, SessionError>
    where
        T: SessionValue + Default,
    {
        let mut value = self.read::<T>().await?.unwrap_or_default();
        let before = encode(&value)?;
        let result = change(&mut value);
        let after = encode(&value)?;
        if before != after {
            self.inner.insert_value(T::KEY, after).await?;
            self.set_clock().await?;
        }
        Ok(result)
    }

    async fn set_clock(&self) -> Result<(), SessionError> {
        let remember = self.read::<Remember>().await?.unwrap_or_default();
        self.inner
            .set_expiry(remember.0.then_some(Expiry::OnInactivity(self.remembered.0)));
        Ok(())
    }

    /// Takes the value out of the session.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn remove<T: SessionValue>(&self) -> Result<Option<T>, SessionError> {
        let removed = self.inner.remove_value(T::KEY).await?;
        self.set_clock().await?;
        Ok(removed.and_then(decode))
    }

    /// Gives the session a new id and keeps its values: due at each change of privilege (ASVS 7.2.4).
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn renew(&self) -> Result<(), SessionError> {
        self.inner.cycle_id().await?;
        self.set_clock().await
    }

    /// Chooses how long the session lasts: the remembered time of the layer's settings, or the usual one.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn remember(&self, remember: bool) -> Result<(), SessionError> {
        self.update(|kept: &mut Remember| kept.0 = remember).await
    }

    /// Ends the session: its values are gone, and its cookie is removed.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn end(&self) -> Result<(), SessionError> {
        self.inner.flush().await?;
        // Without this the next value in this request would be stored under the old id.
        Ok(self.inner.cycle_id().await?)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = SessionError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Self::of(parts)
    }
}
