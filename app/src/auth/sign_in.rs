//! The ways into a session and out of it. Each is one transaction: whatever fails, nothing is half done.

use session::{SessionError, Transaction};

use super::{
    Email, SignIn, UserId,
    audit::{self, Event},
    belongings::{self, Belongings},
    store::{KnownUser, password_version},
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

/// Whose session a browser had before it is signed in.
pub(super) struct Before {
    owner: Option<UserId>,
    log_name: Option<String>,
}

/// Looks whose session this is. Before the transaction begins: reading a session may write that it is in use.
///
/// # Errors
///
/// [`AppError`] when the session fails.
pub(super) async fn before(caller: &Caller) -> Result<Before, AppError> {
    let owner = caller.session.owner().await?.map(UserId);
    Ok(Before { owner, log_name: caller.session.log_name().await? })
}

/// Signs in a user who has just typed the right password, commits, and logs `events`. The session gets a new id (ASVS 7.2.4). It keeps
/// what a guest or the same user had put into it, and adds what was saved for the user, also from surplus sessions that end by this
/// sign-in. What another user had in this browser is saved for that user's next sign-in.
///
/// # Errors
///
/// [`AppError::WrongCredentials`] when the password has changed since it was verified, else when the session or the database fails.
pub(super) async fn enter(
    caller: &Caller,
    before: Before,
    mut transaction: Transaction,
    known: &KnownUser,
    remember: bool,
    events: &[Event],
) -> Result<Visitor, AppError> {
    let id = &known.user.id;
    if password_version(&mut transaction, id).await? != Some(known.password_version) {
        // Before the log reads the session, which may write.
        drop(transaction);
        audit::record(Event::SignInFailed, caller, Some(id)).await;
        return Err(AppError::WrongCredentials);
    }
    let ended = caller.session.restart_within(&mut transaction, &id.0, remember, Belongings::of).await?;
    let ended: Vec<_> = ended.into_iter().flatten().collect();
    belongings::save(&mut transaction, &ended).await?;
    let sign_in = SignIn::now(caller, known.password_version);
    caller.session.update_within(&mut transaction, |kept: &mut SignIn| kept.clone_from(&sign_in)).await?;
    belongings::restore(caller, &mut transaction, id).await?;
    transaction.commit().await?;
    if let Some(other) = before.owner.filter(|other| other != id) {
        audit::record_ended(Event::SignedOut, caller, &other, before.log_name);
    }
    for event in events {
        audit::record(*event, caller, Some(id)).await;
    }
    Ok(visitor::after_commit(caller, &known.user).await)
}

/// Ends the session. A guest's is gone with all that it held; what belongs to a user is saved for the next sign-in.
///
/// # Errors
///
/// [`AppError`] when the session or the database fails.
pub(crate) async fn leave(caller: &Caller) -> Result<(), AppError> {
    let log_name = caller.session.log_name().await?;
    let mut transaction = caller.db.begin().await?;
    let left = match caller.session.end_within(&mut transaction, Belongings::of).await {
        Err(SessionError::Ended) => {
            drop(transaction);
            audit::record(Event::SessionEnded, caller, None).await;
            return Err(AppError::SessionEnded);
        }
        ended => ended?.flatten(),
    };
    belongings::save(&mut transaction, left.as_slice()).await?;
    transaction.commit().await?;
    if let Some(left) = left {
        audit::record_ended(Event::SignedOut, caller, &left.owner, log_name);
    }
    Ok(())
}
