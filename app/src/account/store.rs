//! A user's sessions and account. Each change is one transaction, in which the user is still signed in.

use session::{OwnedSession, Transaction};

use super::{Device, DeviceName};
use crate::{
    auth::{
        ConfirmedUser, CurrentUser, Name, NewPassword, SignIn, User,
        audit::{self, Event},
        belongings::{self, Belongings},
        password,
        store::{delete_user, update_name, update_password, verify_password},
    },
    context::Caller,
    error::{AppError, Field, Problem},
};

/// The user's sessions, the one used last first.
pub(super) async fn list_devices(caller: &Caller, user: &CurrentUser) -> Result<Vec<Device>, AppError> {
    let here = caller.session.handle().await?;
    let show = |session: &OwnedSession| device(session, here.as_deref());
    Ok(caller.session.sessions().list_owned(&user.user().id.0, show).await?)
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
    let mut transaction = user.begin(caller).await?;
    let sessions = caller.session.sessions();
    let Some(ended) = sessions.end_one(&mut transaction, &id.0, device, Belongings::of).await? else {
        drop(transaction);
        audit::record(Event::AccessRefused, caller, Some(id)).await;
        return Err(AppError::NotFound);
    };
    belongings::save(&mut transaction, ended.as_slice()).await?;
    transaction.commit().await?;
    audit::record(Event::Revoked, caller, Some(id)).await;
    Ok(())
}

/// Ends all of the user's sessions but the one that asks.
pub(super) async fn end_other_devices(caller: &Caller, user: &CurrentUser) -> Result<(), AppError> {
    let mut transaction = user.begin(caller).await?;
    end_others(caller, &mut transaction, user.user()).await?;
    transaction.commit().await?;
    audit::record(Event::Revoked, caller, Some(&user.user().id)).await;
    Ok(())
}

async fn end_others(caller: &Caller, transaction: &mut Transaction, user: &User) -> Result<(), AppError> {
    let here = here(caller).await?;
    let sessions = caller.session.sessions();
    let ended = sessions.end_others(transaction, &user.id.0, &here, Belongings::of).await?;
    let ended: Vec<_> = ended.into_iter().flatten().collect();
    belongings::save(transaction, &ended).await
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
        && let Err(error) = limits.check_session(&here(caller).await?, caller.address)
    {
        audit::record(Event::TooManyTries, caller, Some(&user.id)).await;
        return Err(error);
    }
    if verify_password(&caller.db, caller.address, user, typed).await? {
        return Ok(());
    }
    audit::record(Event::ConfirmationFailed, caller, Some(&user.id)).await;
    Err(AppError::invalid(field, Problem::WrongPassword))
}

/// Confirms who it is: the session may do more now, so it gets a new id.
pub(super) async fn confirm(caller: &Caller, user: &CurrentUser) -> Result<(), AppError> {
    let mut transaction = user.begin(caller).await?;
    renew(caller, &mut transaction, user.password_version()).await?;
    transaction.commit().await?;
    audit::record(Event::Confirmed, caller, Some(&user.user().id)).await;
    Ok(())
}

/// Gives the session a new id, and notes that the password of this version was typed just now.
async fn renew(
    caller: &Caller,
    transaction: &mut Transaction,
    password_version: i64,
) -> Result<(), AppError> {
    let sign_in = SignIn::now(caller, password_version);
    caller.session.renew_within(transaction).await?;
    Ok(caller.session.update_within(transaction, |kept: &mut SignIn| kept.clone_from(&sign_in)).await?)
}

/// Changes what the account is called.
pub(super) async fn change_name(caller: &Caller, user: &CurrentUser, name: &Name) -> Result<(), AppError> {
    let id = &user.user().id;
    let mut transaction = user.begin(caller).await?;
    update_name(&caller.db, &mut transaction, id, name).await?;
    transaction.commit().await?;
    audit::record(Event::NameChanged, caller, Some(id)).await;
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
    let id = &user.user().id;
    let hash = password::hash(caller.address, new.expose()).await?;
    let mut transaction = user.begin(caller).await?;
    let version = update_password(&caller.db, &mut transaction, id, &hash, user.password_version()).await?;
    renew(caller, &mut transaction, version.ok_or(AppError::SessionEnded)?).await?;
    end_others(caller, &mut transaction, user.user()).await?;
    transaction.commit().await?;
    audit::record(Event::PasswordChanged, caller, Some(id)).await;
    Ok(())
}

/// Removes the account with all that belongs to it.
pub(super) async fn delete_account(caller: &Caller, user: &ConfirmedUser) -> Result<(), AppError> {
    let id = &user.user().id;
    let log_name = caller.session.log_name().await?;
    let mut transaction = user.begin(caller).await?;
    caller.session.end_within(&mut transaction, |_| ()).await?;
    delete_user(&caller.db, caller.session.sessions(), &mut transaction, id).await?;
    transaction.commit().await?;
    audit::record_ended(Event::AccountRemoved, caller, id, log_name);
    Ok(())
}

/// The handle of the session that asks.
async fn here(caller: &Caller) -> Result<String, AppError> {
    caller.session.handle().await?.ok_or(AppError::SessionEnded)
}
