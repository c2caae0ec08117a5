//! What can go wrong with a session.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

/// Why a session could not be read or changed. The call that fails has changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The store does not answer, or refuses.
    #[error("the session store failed")]
    Store(#[from] sqlx::Error),
    /// The session ended before this change: by sign-out, by revocation, by its clocks, or under a new id.
    #[error("the session has ended")]
    Ended,
    /// The response has begun, so nothing that is written now could be trusted to reach the visitor.
    #[error("the session value \"{key}\" was written after the response had begun")]
    Late {
        /// The [`SessionValue::KEY`](crate::SessionValue::KEY), or what was tried.
        key: &'static str,
    },
    /// The value cannot be written as JSON.
    #[error("the session value \"{key}\" cannot be written as JSON")]
    Encode {
        /// The value's [`SessionValue::KEY`](crate::SessionValue::KEY).
        key: &'static str,
        /// What the encoder said.
        source: serde_json::Error,
    },
    /// With this value the session would hold more than it may.
    #[error("with the session value \"{key}\" the session would hold more than {most} bytes")]
    TooLarge {
        /// The value's [`SessionValue::KEY`](crate::SessionValue::KEY).
        key: &'static str,
        /// The most, in bytes: [`SessionConfig::most_bytes`](crate::SessionConfig::most_bytes).
        most: usize,
    },
    /// A session would have begun, and [`Session::limit_beginning`](crate::Session::limit_beginning) was against it.
    #[error("no session may begin for another {seconds} s")]
    TooMany {
        /// After so many seconds one may.
        seconds: u32,
    },
    /// The request did not come through a [`SessionLayer`](crate::SessionLayer).
    #[error("no session layer around this route")]
    NoLayer,
}

/// A bare answer for handlers that use `?`: 401 for a session that has ended, 413 for a value that is too large, 429 where too many sessions have begun, 503 when the
/// store failed, else 500. Never the error's own text.
impl IntoResponse for SessionError {
    fn into_response(self) -> Response {
        match self {
            Self::Ended => StatusCode::UNAUTHORIZED,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Late { .. } | Self::Encode { .. } | Self::NoLayer => StatusCode::INTERNAL_SERVER_ERROR,
        }
        .into_response()
    }
}
