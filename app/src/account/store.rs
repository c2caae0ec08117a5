//! A user's sessions and account, changed in one transaction each.

use session::{OwnedSession, Sessions};

use super::{Device, DeviceName};
use crate::{
    auth::{
        ConfirmedUser, CurrentUser, SignIn, User,
        audit::{self, Event},
        confirm, password,
        store::{update_password, verify_password},
    },
    cart,
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
    let mut transaction = caller.pool.begin().await?;
    let ended = Sessions::end_one(&mut *transaction, &id.0, device).await?.ok_or(AppError::NotFound)?;
    cart::save(&mut transaction, id, &[ended]).await?;
    transaction.commit().await?;
    audit::record(Event::Revoked, caller, Some(id)).await;
    Ok(())
}

/// Ends all of the user's sessions but the one that asks.
pub(super) async fn end_other_devices(caller: &Caller, user: &CurrentUser) -> Result<(), AppError> {
    let id = &user.user().id;
    let here = here(caller).await?;
    let mut transaction = caller.pool.begin().await?;
    let ended = Sessions::end_others(&mut *transaction, &id.0, &here).await?;
    cart::save(&mut transaction, id, &ended).await?;
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
    if let Some(limits) = &caller.limits {
        limits.check_session(&here(caller).await?)?;
    }
    let right = verify_password(&caller.pool, user, typed).await?;
    let event = if right { Event::Confirmed } else { Event::ConfirmationFailed };
    audit::record(event, caller, Some(&user.id)).await;
    if right { Ok(()) } else { Err(AppError::invalid(field, Problem::WrongPassword)) }
}

/// Gives the account a new password. All other sessions end, and this one gets a new id (ASVS 7.4.3).
///
/// # Errors
///
/// [`AppError::SessionEnded`] when another change was faster.
pub(super) async fn change_password(
    caller: &Caller,
    user: &ConfirmedUser,
    new: &str,
) -> Result<(), AppError> {
    let (id, here) = (&user.user().id, here(caller).await?);
    let hash = password::hash(new).await?;
    let mut transaction = caller.pool.begin().await?;
    let version = update_password(&mut transaction, id, &hash, user.password_version()).await?;
    let version = version.ok_or(AppError::SessionEnded)?;
    let ended = Sessions::end_others(&mut *transaction, &id.0, &here).await?;
    cart::save(&mut transaction, id, &ended).await?;
    transaction.commit().await?;
    caller.session.renew().await?;
    confirm(caller, version).await?;
    audit::record(Event::PasswordChanged, caller, Some(id)).await;
    Ok(())
}

/// The handle of the session that asks.
async fn here(caller: &Caller) -> Result<String, AppError> {
    caller.session.handle().await?.ok_or(AppError::SessionEnded)
}
