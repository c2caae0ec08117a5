//! A user's sessions and account, changed in one transaction each.

use session::{OwnedSession, SessionError};

use super::{Device, DeviceName};
use crate::{
    auth::{
        ConfirmedUser, CurrentUser, Name, NewPassword, SignIn, User,
        audit::{self, Event},
        belongings, password,
        store::{delete_user, update_name, update_password, verify_password},
    },
    context::Caller,
    error::{AppError, Field, Problem},
};

/// The user's sessions, the one used last first.
pub(super) async fn list_devices(caller: &Caller, user: &CurrentUser) -> Result<Vec<Device>, AppError> {
    let here = caller.session.handle().await?;
    let owned = caller.session.sessions().list_owned(&user.user().id.0).await?;
    Ok(owned.iter().map(|session| device(session, here.as_deref())).collect())
}

fn device(session: &OwnedSession, here: Option<&str>) -> Device {
    let sign_in = session.read::<SignIn>().unwrap_or_default();
    Device {
        device: session.handle().to_owned(),
        name: DeviceName::parse(sign_in.user_agent.as_deref().unwrap_or_default()),
        address: sign_in.address,
        first_at: session.began_at(),
        last_at: session.used_at(),
        current: Some(session.handle()) == here,
    }
}

/// Ends one of the user's sessions.
///
/// # Errors
///
/// [`AppError::NotFound`] where the user has no such session.
pub(super) async fn end_device(caller: &Caller, user: &CurrentUser, device: &str) -> Result<(), AppError> {
    let id = &user.user().id;
    let mut transaction = caller.db.begin().await?;
    let ended = caller
        .session
        .sessions()
        .end_one(&mut transaction, &id.0, device)
        .await?
        .ok_or(AppError::NotFound)?;
    belongings::put_by(&mut transaction, id, &[ended]).await?;
    transaction.commit().await?;
    audit::record(Event::Revoked, caller, Some(id)).await;
    Ok(())
}

/// Ends all of the user's sessions but the one that asks.
pub(super) async fn end_other_devices(caller: &Caller, user: &CurrentUser) -> Result<(), AppError> {
    let id = &user.user().id;
    let here = here(caller).await?;
    let mut transaction = caller.db.begin().await?;
    let ended = caller.session.sessions().end_others(&mut transaction, &id.0, &here).await?;
    belongings::put_by(&mut transaction, id, &ended).await?;
    transaction.commit().await?;
    audit::record(Event::Revoked, caller, Some(id)).await;
    Ok(())
}

/// Holds what a signed-in user has typed into `field` against the account's password.
///
/// # Errors
///
/// [`AppError::Invalid`] when it is another one, [`AppError::TooManyTries`] for who guesses.
pub(super) async fn require_password(
    caller: &Caller,
    user: &User,
    field: Field,
    typed: &str,
) -> Result<(), AppError> {
    if typed.is_empty() {
        return Err(AppError::invalid(field, Problem::Missing));
    }
    if let Some(limits) = &caller.limits
        && let Err(error) = limits.check_session(&here(caller).await?)
    {
        audit::record(Event::TooManyTries, caller, Some(&user.id)).await;
        return Err(error);
    }
    if verify_password(&caller.db, user, typed).await? {
        return Ok(());
    }
    audit::record(Event::ConfirmationFailed, caller, Some(&user.id)).await;
    Err(AppError::invalid(field, Problem::WrongPassword))
}

/// Confirms who it is: the session may do more now, so it gets a new id.
pub(super) async fn confirm(caller: &Caller, user: &CurrentUser) -> Result<(), AppError> {
    caller.session.renew().await?;
    let sign_in = SignIn::now(caller, user.password_version());
    caller.session.update(|kept: &mut SignIn| kept.clone_from(&sign_in)).await?;
    audit::record(Event::Confirmed, caller, Some(&user.user().id)).await;
    Ok(())
}

/// Changes what the account is called.
pub(super) async fn change_name(caller: &Caller, user: &CurrentUser, name: &Name) -> Result<(), AppError> {
    update_name(&caller.db, &user.user().id, name).await?;
    audit::record(Event::NameChanged, caller, Some(&user.user().id)).await;
    Ok(())
}

/// Gives the account a new password. All other sessions end, and this one gets a new id (ASVS 7.4.3).
///
/// # Errors
///
/// [`AppError::SessionEnded`] when another change was faster; then nothing has changed.
pub(super) async fn change_password(
    caller: &Caller,
    user: &ConfirmedUser,
    new: &NewPassword,
) -> Result<(), AppError> {
    let (id, here) = (&user.user().id, here(caller).await?);
    let hash = password::hash(new.expose()).await?;
    let mut transaction = caller.db.begin().await?;
    let version = update_password(&caller.db, &mut transaction, id, &hash, user.password_version()).await?;
    let sign_in = SignIn::now(caller, version.ok_or(AppError::SessionEnded)?);
    let keep = |kept: &mut SignIn| kept.clone_from(&sign_in);
    caller.session.update_within(&mut transaction, keep).await?;
    let ended = caller.session.sessions().end_others(&mut transaction, &id.0, &here).await?;
    belongings::put_by(&mut transaction, id, &ended).await?;
    transaction.commit().await?;
    audit::record(Event::PasswordChanged, caller, Some(id)).await;
    match caller.session.renew().await {
        // Another request has just given this session a new id: that will do.
        Ok(()) | Err(SessionError::Ended) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Removes the account with all that belongs to it, in one transaction.
pub(super) async fn delete_account(caller: &Caller, user: &ConfirmedUser) -> Result<(), AppError> {
    delete_user(&caller.db, caller.session.sessions(), &user.user().id).await?;
    audit::record(Event::AccountRemoved, caller, Some(&user.user().id)).await;
    Ok(caller.session.end().await?)
}

/// The handle of the session that asks.
async fn here(caller: &Caller) -> Result<String, AppError> {
    caller.session.handle().await?.ok_or(AppError::SessionEnded)
}
