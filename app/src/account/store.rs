//! The user's sessions and account. Each change is one transaction, in which the user is still signed in.

use session::{OwnedSession, Transaction};
use web::{
    audit,
    context::RequestContext,
    error::{AppError, Invalid},
    feature::Features,
};

use super::{Device, DeviceName};
use crate::auth::{
    ConfirmedUser, CurrentUser, Event, Name, NewPassword, SavedStates, SignIn, SignInLimits, User, password,
    save,
    store::{delete_user, update_name, update_password, verify_password},
};

const WRONG_PASSWORD: Invalid = Invalid::new("This password is wrong.");

/// The user's sessions, the latest used one first.
pub(super) async fn list_devices(
    request: &RequestContext,
    user: &CurrentUser,
) -> Result<Vec<Device>, AppError> {
    let current = request.session.handle().await?;
    let show = |session: &OwnedSession| device(session, current.as_deref());
    Ok(request.session.sessions().list_owned(&user.user().id.0, show).await?)
}

fn device(session: &OwnedSession, current: Option<&str>) -> Device {
    let sign_in = session.read::<SignIn>().unwrap_or_default();
    Device {
        device: session.handle().to_owned(),
        name: DeviceName::parse(sign_in.user_agent.as_deref().unwrap_or_default()),
        address: sign_in.address,
        first_at: session.began_at(),
        last_at: session.used_at(),
        current: Some(session.handle()) == current,
    }
}

/// Ends one of the user's sessions. Fails with [`AppError::NotFound`] if the user has no such session.
pub(super) async fn end_device(
    request: &RequestContext,
    user: &CurrentUser,
    device: &str,
) -> Result<(), AppError> {
    let (id, features) = (&user.user().id, Features::current());
    let mut transaction = user.begin(request).await?;
    let sessions = request.session.sessions();
    let state = |session: &_| SavedStates::of(features, session);
    let Some(ended) = sessions.end_one(&mut transaction, &id.0, device, state).await? else {
        drop(transaction);
        audit::record(Event::AccessRefused, request, Some(&id.0)).await;
        return Err(AppError::NotFound);
    };
    save(&mut transaction, ended).await?;
    transaction.commit().await?;
    audit::record(Event::Revoked, request, Some(&id.0)).await;
    Ok(())
}

/// Ends all of the user's sessions except the current one.
pub(super) async fn end_other_devices(request: &RequestContext, user: &CurrentUser) -> Result<(), AppError> {
    let mut transaction = user.begin(request).await?;
    end_others(request, &mut transaction, user.user()).await?;
    transaction.commit().await?;
    audit::record(Event::Revoked, request, Some(&user.user().id.0)).await;
    Ok(())
}

async fn end_others(
    request: &RequestContext,
    transaction: &mut Transaction,
    user: &User,
) -> Result<(), AppError> {
    let (current, features) = (current_handle(request).await?, Features::current());
    let state = |session: &_| SavedStates::of(features, session);
    let ended = request.session.sessions().end_others(transaction, &user.id.0, &current, state).await?;
    save(transaction, ended.into_iter().flatten()).await
}

/// Checks the password that a signed-in user has typed into `field`. Fails with [`AppError::Invalid`] if it is wrong,
/// [`AppError::TooManyTries`] after too many attempts.
pub(super) async fn require_password(
    request: &RequestContext,
    user: &User,
    field: &'static str,
    typed: &str,
) -> Result<(), AppError> {
    if typed.is_empty() {
        return Err(Invalid::MISSING.for_field(field));
    }
    if let Some(limits) = SignInLimits::current()
        && let Err(error) = limits.check_session(&current_handle(request).await?, request.address)
    {
        audit::record(Event::TooManyTries, request, Some(&user.id.0)).await;
        return Err(error);
    }
    if verify_password(&request.db, request.address, user, typed).await? {
        return Ok(());
    }
    audit::record(Event::ConfirmationFailed, request, Some(&user.id.0)).await;
    Err(WRONG_PASSWORD.for_field(field))
}

/// Stores that the password was confirmed, and gives the session a new id.
pub(super) async fn confirm(request: &RequestContext, user: &CurrentUser) -> Result<(), AppError> {
    let mut transaction = user.begin(request).await?;
    renew(request, &mut transaction, user.password_version()).await?;
    transaction.commit().await?;
    audit::record(Event::Confirmed, request, Some(&user.user().id.0)).await;
    Ok(())
}

async fn renew(
    request: &RequestContext,
    transaction: &mut Transaction,
    password_version: i64,
) -> Result<(), AppError> {
    let sign_in = SignIn::now(request, password_version);
    request.session.renew_within(transaction).await?;
    Ok(request.session.update_within(transaction, |value: &mut SignIn| value.clone_from(&sign_in)).await?)
}

pub(super) async fn change_name(
    request: &RequestContext,
    user: &CurrentUser,
    name: &Name,
) -> Result<(), AppError> {
    let id = &user.user().id;
    let mut transaction = user.begin(request).await?;
    update_name(&mut transaction, id, name).await?;
    transaction.commit().await?;
    audit::record(Event::NameChanged, request, Some(&id.0)).await;
    Ok(())
}

/// Changes the password, ends all other sessions, and gives this one a new id (ASVS 7.4.3). Fails with [`AppError::SessionEnded`]
/// if the password was changed meanwhile; then nothing has changed.
pub(super) async fn change_password(
    request: &RequestContext,
    user: &ConfirmedUser,
    new: &NewPassword,
) -> Result<(), AppError> {
    let id = &user.user().id;
    let hash = password::hash(request.address, new.expose()).await?;
    let mut transaction = user.begin(request).await?;
    let version = update_password(&mut transaction, id, &hash, user.password_version()).await?;
    renew(request, &mut transaction, version.ok_or(AppError::SessionEnded)?).await?;
    end_others(request, &mut transaction, user.user()).await?;
    transaction.commit().await?;
    audit::record(Event::PasswordChanged, request, Some(&id.0)).await;
    Ok(())
}

/// Deletes the account with everything that belongs to it.
pub(super) async fn delete_account(request: &RequestContext, user: &ConfirmedUser) -> Result<(), AppError> {
    let id = &user.user().id;
    let log_name = request.session.log_name().await?;
    let mut transaction = user.begin(request).await?;
    request.session.end_within(&mut transaction, |_| ()).await?;
    delete_user(request.session.sessions(), &mut transaction, id).await?;
    transaction.commit().await?;
    audit::record_ended(Event::AccountRemoved, request, Some(&id.0), log_name);
    Ok(())
}

/// The handle of the current session.
async fn current_handle(request: &RequestContext) -> Result<String, AppError> {
    request.session.handle().await?.ok_or(AppError::SessionEnded)
}
