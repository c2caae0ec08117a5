//! Errors of sessions.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

/// Why a session could not be read or changed. The failed call has changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The database failed.
    #[error("the session store failed")]
    Store(#[from] sqlx::Error),
    /// The session has ended: by sign-out, revocation, a timeout, or because its id was replaced.
    #[error("the session has ended")]
    Ended,
    /// The response has started, so its cookie could not be sent any more.
    #[error("the session value \"{key}\" was written after the response had begun")]
    Late {
        /// The [`SessionValue::KEY`](crate::SessionValue::KEY), or the method.
        key: &'static str,
    },
    /// The value cannot be serialized as JSON.
    #[error("the session value \"{key}\" cannot be written as JSON")]
    Encode {
        /// The value's [`SessionValue::KEY`](crate::SessionValue::KEY).
        key: &'static str,
        /// The error of the serializer.
        source: serde_json::Error,
    },
    /// The session would exceed its maximum size.
    #[error("with the session value \"{key}\" the session would exceed {most} bytes")]
    TooLarge {
        /// The value's [`SessionValue::KEY`](crate::SessionValue::KEY).
        key: &'static str,
        /// The maximum in bytes: [`SessionConfig::most_bytes`](crate::SessionConfig::most_bytes).
        most: usize,
    },
    /// [`Session::limit_beginning`](crate::Session::limit_beginning) refused a new session.
    #[error("too many new sessions; one can be created in {seconds} s")]
    TooMany {
        /// A session can be created after this many seconds.
        seconds: u32,
    },
    /// The route has no [`SessionLayer`](crate::SessionLayer).
    #[error("no session layer around this route")]
    NoLayer,
}

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
