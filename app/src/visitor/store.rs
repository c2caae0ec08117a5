//! Taking the snapshot.

use session::Session;

use super::{Account, SessionTime, Visitor};
use crate::{
    auth::{CurrentUser, User},
    context::{self, Caller},
    error::AppError,
    flash,
    forms::WHOSE,
    storage::Storage,
};

/// The visitor who is asking.
///
/// # Errors
///
/// [`AppError::Unavailable`] when the session or the database fails.
pub async fn current() -> Result<Visitor, AppError> {
    load(&context::session()?, &context::db()?).await
}

/// The visitor, with what waits for the page at `path`, which is taken out of the session.
///
/// # Errors
///
/// [`AppError::Unavailable`] when the session or the database fails.
pub async fn snapshot(session: &Session, db: &Storage, path: &str) -> Result<Visitor, AppError> {
    let mut flash = flash::take(session, path).await?;
    let visitor = load(session, db).await?;
    let email = visitor.user.as_ref().map(|user| user.email.as_str());
    // What one user has typed is not for the next one's eyes.
    flash.failure = flash.failure.filter(|failure| failure.typed(WHOSE).is_none_or(|who| Some(who) == email));
    Ok(Visitor { flash, ..visitor })
}

/// The visitor after a change that is committed, where `user` is signed in. When the visitor cannot be read then, an error would make
/// the change look undone, so the answer has what is known without the database.
pub async fn after_commit(caller: &Caller, user: &User) -> Visitor {
    load(&caller.session, &caller.db).await.unwrap_or_else(|error| {
        tracing::error!(%error, "the visitor cannot be read after a change");
        let (name, email) = (user.name.to_string(), user.email.to_string());
        Visitor { user: Some(Account { name, email, confirmed: true }), ..Visitor::default() }
    })
}

/// The visitor whose session this is.
///
/// # Errors
///
/// [`AppError::Unavailable`] when the session or the database fails.
pub async fn load(session: &Session, db: &Storage) -> Result<Visitor, AppError> {
    let user = CurrentUser::find(session, db, session.now()).await?;
    let lifetime = session.lifetime().await?.filter(|_| user.is_some());
    let user = user.map(|user| Account {
        name: user.user().name.to_string(),
        email: user.user().email.to_string(),
        confirmed: user.is_confirmed(),
    });
    let theme = session.read().await?.unwrap_or_default();
    let time = lifetime.map(|time| SessionTime {
        unused: time.unused.whole_seconds(),
        at_most: time.at_most.whole_seconds(),
        idle: time.idle.whole_seconds(),
    });
    let visitor = Visitor { user, theme, session: time, ..Visitor::default() };
    // <shop>
    let items = session.read::<crate::cart::Cart>().await?.unwrap_or_default().items();
    let visitor = Visitor { items, ..visitor };
    // </shop>
    Ok(visitor)
}
