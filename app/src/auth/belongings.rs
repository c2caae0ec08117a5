//! What of a session belongs to its user: it waits for the next sign-in, on any device. The one place that knows what that is.

use session::{Connection, OwnedSession, Transaction};

use super::UserId;
use crate::{context::Caller, error::AppError};

/// What a session that was just ended held of its user's.
#[derive(Debug)]
pub struct Belongings {
    /// The user.
    pub owner: UserId,
    // <shop>
    cart: Option<crate::cart::Cart>,
    // </shop>
}

impl Belongings {
    /// What a session holds; `None` for a guest's.
    #[must_use]
    pub fn of(session: &OwnedSession) -> Option<Self> {
        Some(Self {
            owner: UserId(session.owner()?.to_owned()),
            // <shop>
            cart: session.read(),
            // </shop>
        })
    }
}

/// Saves what sessions that were just ended held, each for its user, in the transaction that ended them.
///
/// # Errors
///
/// [`AppError::Unavailable`] when the database fails.
pub async fn save(db: &mut Connection, ended: &[Belongings]) -> Result<(), AppError> {
    for left in ended {
        // <shop>
        if let Some(cart) = &left.cart {
            crate::cart::save(db, &left.owner, cart).await?;
        }
        // </shop>
    }
    Ok(())
}

/// Adds what waits for a user to the session that calls, in the transaction that signs in.
///
/// # Errors
///
/// [`AppError`] when the session or the database fails; then it goes on waiting.
pub async fn restore(caller: &Caller, transaction: &mut Transaction, user: &UserId) -> Result<(), AppError> {
    crate::cart::restore_saved(caller, transaction, user).await
}
