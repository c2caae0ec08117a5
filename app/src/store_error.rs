//! Where errors of the session and the database become the one wire error: logged here, once, and told without their text.

use crate::error::AppError;

impl From<session::SessionError> for AppError {
    fn from(error: session::SessionError) -> Self {
        match error {
            session::SessionError::Ended => return Self::SessionEnded,
            session::SessionError::TooLarge { .. } => return Self::SessionFull,
            session::SessionError::TooMany { seconds } => return Self::TooManySessions { seconds },
            _ => {}
        }
        tracing::error!(error = &error as &dyn std::error::Error, "the session failed");
        match error {
            session::SessionError::Store(_) => Self::Unavailable,
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
