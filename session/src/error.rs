//! What can go wrong with a session: the store, or a value that does not fit JSON.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

/// Why a session could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The store does not answer, or refuses. Nothing was changed.
    #[error("the session store failed")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The value cannot be written as JSON. Nothing was changed.
    #[error("the session value \"{key}\" cannot be written as JSON")]
    Encode {
        /// The value's [`SessionValue::KEY`](crate::SessionValue::KEY).
        key: &'static str,
        /// What the encoder said.
        source: serde_json::Error,
    },
    /// The request did not come through a [`SessionLayer`](crate::SessionLayer).
    #[error("no session layer around this route")]
    NoLayer,
}

impl From<tower_sessions::session::Error> for SessionError {
    fn from(error: tower_sessions::session::Error) -> Self {
        Self::Store(Box::new(error))
    }
}

impl From<sqlx::Error> for SessionError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(Box::new(error))
    }
}

/// A bare answer for handlers that use `?`: 503 when the store failed, else 500, never the error's own text.
impl IntoResponse for SessionError {
    fn into_response(self) -> Response {
        match self {
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            Self::Encode { .. } | Self::NoLayer => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}
