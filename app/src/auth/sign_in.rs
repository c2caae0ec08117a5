//! Signing in and out. Each is one transaction, so that an error leaves nothing half done.

use session::{SessionError, Transaction};
use web::{
    audit,
    context::RequestContext,
    error::{AppError, Refusal},
    feature::Features,
    snapshot::{Account, Visitor},
    visitor,
};

use super::{
    Email, Event, SavedStates, SignIn, SignInLimits, User, UserId,
    saved_state::{restore, save},
    store::{StoredUser, password_version},
};

/// The e-mail address and the password do not match, or there is no such account: the answer is the same.
pub(super) const WRONG_CREDENTIALS: Refusal =
    Refusal::in_form(401, "wrong_credentials", "Wrong e-mail or password. Please check both and try again.");

/// Counts an attempt for an account. Fails with [`AppError::TooManyTries`].
pub(super) async fn check_limits(request: &RequestContext, email: &Email) -> Result<(), AppError> {
    let Some(limits) = SignInLimits::current() else { return Ok(()) };
    let checked = limits.check(email, request.address);
    if checked.is_err() {
        audit::record(Event::TooManyTries, request, None).await;
    }
    checked
}

/// The session of a browser before the sign-in.
pub(super) struct Before {
    user: Option<UserId>,
    log_name: Option<String>,
}

/// Reads the session before the transaction begins, because reading it may write its last use.
pub(super) async fn before(request: &RequestContext) -> Result<Before, AppError> {
    let user = request.session.owner().await?.map(UserId);
    Ok(Before { user, log_name: request.session.log_name().await? })
}

/// Signs in a user who has just typed the right password, commits, and logs `events`. The session gets a new id (ASVS 7.2.4). It
/// keeps the values of a guest, or of the same user, and gets what was saved for the user. What another user had in this browser
/// is saved for that user. Fails with [`WRONG_CREDENTIALS`] if the password has changed since it was verified, else when the
/// session or the database fails.
pub(super) async fn sign_in(
    request: &RequestContext,
    before: Before,
    mut transaction: Transaction,
    stored: &StoredUser,
    remember: bool,
    events: &[Event],
) -> Result<Visitor, AppError> {
    let id = &stored.user.id;
    if password_version(&mut transaction, id).await? != Some(stored.password_version) {
        // Before the log reads the session, which may write.
        drop(transaction);
        audit::record(Event::SignInFailed, request, Some(&id.0)).await;
        return Err(WRONG_CREDENTIALS.into());
    }
    let features = Features::current();
    let state = |session: &_| SavedStates::of(features, session);
    let ended = request.session.restart_within(&mut transaction, &id.0, remember, state).await?;
    save(&mut transaction, ended.into_iter().flatten()).await?;
    let sign_in = SignIn::now(request, stored.password_version);
    request.session.update_within(&mut transaction, |value: &mut SignIn| value.clone_from(&sign_in)).await?;
    restore(features, &request.session, &mut transaction, id).await?;
    transaction.commit().await?;
    if let Some(other) = before.user.filter(|other| other != id) {
        audit::record_ended(Event::SignedOut, request, Some(&other.0), before.log_name);
    }
    for event in events {
        audit::record(*event, request, Some(&id.0)).await;
    }
    Ok(visitor_after_commit(request, &stored.user).await)
}

/// The visitor after a committed change, with `user` signed in. If the visitor cannot be read, the answer contains what is known without
/// the database: an error would look as if nothing had changed.
pub async fn visitor_after_commit(request: &RequestContext, user: &User) -> Visitor {
    let loaded = visitor::load(Features::current(), &request.session, &request.db).await;
    loaded.unwrap_or_else(|error| {
        tracing::error!(%error, "the visitor cannot be read after a change");
        let (name, email) = (user.name.to_string(), user.email.to_string());
        Visitor::of_user(Account { name, email, confirmed: true })
    })
}

/// Ends the session. Its values are deleted; what features save for its user is restored at the next sign-in.
pub async fn sign_out(request: &RequestContext) -> Result<(), AppError> {
    let features = Features::current();
    let log_name = request.session.log_name().await?;
    let mut transaction = request.db.begin().await?;
    let state = |session: &_| SavedStates::of(features, session);
    let ended = match request.session.end_within(&mut transaction, state).await {
        Err(SessionError::Ended) => {
            drop(transaction);
            audit::record(audit::SESSION_ENDED, request, None).await;
            return Err(AppError::SessionEnded);
        }
        ended => ended?.flatten(),
    };
    let user = ended.as_ref().map(|ended| ended.user.clone());
    save(&mut transaction, ended).await?;
    transaction.commit().await?;
    if let Some(user) = user {
        audit::record_ended(Event::SignedOut, request, Some(&user.0), log_name);
    }
    Ok(())
}
