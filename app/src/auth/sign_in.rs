//! The ways into a session and out of it, step by step.

use session::Sessions;

use super::{
    CurrentUser, Email,
    audit::{self, Event},
    start_session,
    store::KnownUser,
};
use crate::{
    cart,
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

/// Lets in a user who has just typed the right password.
///
/// # Errors
///
/// [`AppError`] when the session or the database fails.
pub(super) async fn enter(caller: &Caller, user: &KnownUser, remember: bool) -> Result<Visitor, AppError> {
    start_session(caller, user, remember).await?;
    cart::take_up_saved(caller, &user.user.id).await?;
    audit::record(Event::SignedIn, caller, Some(&user.user.id)).await;
    visitor::load(&caller.session, &caller.pool).await
}

/// Ends the session. A guest's is gone with all that it held; of a user's the cart is put by.
///
/// # Errors
///
/// [`AppError`] when the session or the database fails.
pub(super) async fn leave(caller: &Caller) -> Result<(), AppError> {
    let user = CurrentUser::find(&caller.session, &caller.pool, caller.now).await?;
    if let (Some(user), Some(handle)) = (user, caller.session.handle().await?) {
        let id = &user.user().id;
        audit::record(Event::SignedOut, caller, Some(id)).await;
        let mut transaction = caller.pool.begin().await?;
        let ended = Sessions::end_one(&mut *transaction, &id.0, &handle).await?;
        cart::save(&mut transaction, id, ended.as_slice()).await?;
        transaction.commit().await?;
    }
    Ok(caller.session.end().await?)
}
