//! What of a session belongs to its user: it waits for the next sign-in, on any device. The one place that knows what that is.

use session::{Connection, OwnedSession};

use super::UserId;
use crate::{context::Caller, error::AppError};

/// Puts by what belongs to the user of sessions that were just ended, in the transaction that ended them.
///
/// # Errors
///
/// [`AppError::Unavailable`] when the database fails.
pub async fn put_by(db: &mut Connection, user: &UserId, ended: &[OwnedSession]) -> Result<(), AppError> {
    crate::cart::save(db, user, ended).await?;
    Ok(())
}

/// Adds what waits for a user to the session that calls.
///
/// # Errors
///
/// [`AppError`] when the session or the database fails; then it goes on waiting.
pub async fn take_up(caller: &Caller, user: &UserId) -> Result<(), AppError> {
    crate::cart::take_up_saved(caller, user).await
}
