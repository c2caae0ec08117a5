//! The ways into a session and out of it, step by step.

use super::{
    CurrentUser, Email, SignIn,
    audit::{self, Event},
    belongings,
    store::{KnownUser, find_newest_user},
};
use crate::{
    context::Caller,
    error::AppError,
    visitor::{self, Visitor},
};

/// Counts a try for an account.
///
/// # Errors
///
/// [`AppError::TooManyTries`].
pub(super) async fn check_limits(caller: &Caller, email: &Email) -> Result<(), AppError> {
    let Some(limits) = &caller.limits else { return Ok(()) };
    let checked = limits.check(email, caller.address);
    if checked.is_err() {
        audit::record(Event::TooManyTries, caller, None).await;
    }
    checked
}

/// Lets in a user who has just typed the right password: the session gets a new id (ASVS 7.2.4). It keeps what a guest or the same
/// user had put into it, and adds what waits for the user.
///
/// # Errors
///
/// [`AppError::WrongCredentials`] when the password has changed meanwhile, else when the session or the database fails.
pub(super) async fn enter(caller: &Caller, known: &KnownUser, remember: bool) -> Result<Visitor, AppError> {
    let id = &known.user.id;
    if caller.session.owner().await?.is_some_and(|owner| owner != id.0) {
        // Somebody else was signed in here, who must not lose anything.
        leave(caller).await?;
    }
    let surplus = caller.session.restart(&id.0, remember).await?;
    let mut transaction = caller.db.begin().await?;
    belongings::put_by(&mut transaction, id, &surplus).await?;
    transaction.commit().await?;
    let sign_in = SignIn::now(caller, known.password_version);
    caller.session.update(|kept: &mut SignIn| kept.clone_from(&sign_in)).await?;
    let newest = find_newest_user(&caller.db, id).await?;
    if newest.is_none_or(|newest| newest.password_version != known.password_version) {
        caller.session.end().await?;
        return Err(AppError::WrongCredentials);
    }
    belongings::take_up(caller, id).await?;
    audit::record(Event::SignedIn, caller, Some(id)).await;
    visitor::load(&caller.session, &caller.db).await
}

/// Ends the session. A guest's is gone with all that it held; what belongs to a user is put by.
///
/// # Errors
///
/// [`AppError`] when the session or the database fails.
pub(crate) async fn leave(caller: &Caller) -> Result<(), AppError> {
    let user = CurrentUser::find(&caller.session, &caller.db, caller.now).await?;
    if let (Some(user), Some(handle)) = (user, caller.session.handle().await?) {
        let id = &user.user().id;
        let mut transaction = caller.db.begin().await?;
        let ended = caller.session.sessions().end_one(&mut transaction, &id.0, &handle).await?;
        belongings::put_by(&mut transaction, id, ended.as_slice()).await?;
        transaction.commit().await?;
        audit::record(Event::SignedOut, caller, Some(id)).await;
    }
    Ok(caller.session.end().await?)
}
