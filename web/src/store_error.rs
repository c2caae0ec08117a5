//! Errors of the session and the database as [`AppError`]: logged here, once, and sent without their text.

use session::SessionError;

use crate::error::AppError;

impl From<SessionError> for AppError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Ended => return Self::SessionEnded,
            SessionError::TooLarge { .. } => return Self::SessionFull,
            SessionError::TooMany { seconds } => return Self::TooManySessions { seconds },
            _ => {}
        }
        tracing::error!(error = &error as &dyn std::error::Error, "the session failed");
        match error {
            SessionError::Store(_) => Self::Unavailable,
            _ => Self::Internal,
        }
    }
}

impl From<sqlx::Error> for AppError {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the database failed");
        Self::Unavailable
    }
}
