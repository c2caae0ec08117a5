//! Taking the snapshot.

use session::{Pool, Session};

use super::{Account, Visitor};
use crate::{auth::store::current_user, cart::Cart, context, error::AppError, flash};

/// The visitor who is asking.
///
/// # Errors
///
/// [`AppError::Unavailable`] when the session or the database fails.
pub async fn current() -> Result<Visitor, AppError> {
    load(&context::session()?, &context::pool()?).await
}

/// The visitor, with the message that waits for the next page; `take_message` takes it out of the session.
///
/// # Errors
///
/// [`AppError::Unavailable`] when the session or the database fails.
pub async fn snapshot(session: &Session, pool: &Pool, take_message: bool) -> Result<Visitor, AppError> {
    let flash = if take_message { flash::take(session).await? } else { flash::Flash::default() };
    Ok(Visitor { flash, ..load(session, pool).await? })
}

async fn load(session: &Session, pool: &Pool) -> Result<Visitor, AppError> {
    let user = current_user(session, pool).await?;
    let user = user.map(|user| Account { name: user.name, email: user.email.to_string() });
    let items = session.read::<Cart>().await?.unwrap_or_default().items();
    let theme = session.read().await?.unwrap_or_default();
    Ok(Visitor { user, items, theme, flash: flash::Flash::default() })
}
