//! See and end sessions, change name and password, remove the account.

use leptos::prelude::*;
use server_fn::codec::GetUrl;

use super::Device;
use crate::{error::AppError, visitor::Visitor};

/// The user's sessions.
#[server(endpoint = "auth/devices", input = GetUrl)]
pub async fn list_devices() -> Result<Vec<Device>, AppError> {
    use super::store;
    use crate::{auth::CurrentUser, context};

    let caller = context::caller()?;
    let user = CurrentUser::require(&caller).await?;
    store::list_devices(&caller, &user).await
}

/// Ends one of the user's sessions.
#[server(endpoint = "auth/revoke")]
pub async fn revoke_device(#[server(default)] device: String) -> Result<Vec<Device>, AppError> {
    use super::store;
    use crate::{auth::CurrentUser, context};

    let caller = context::caller()?;
    let user = CurrentUser::require(&caller).await?;
    store::end_device(&caller, &user, &device).await?;
    store::list_devices(&caller, &user).await
}

/// Ends all of the user's sessions but this one.
#[server(endpoint = "auth/revoke_others")]
pub async fn revoke_other_devices() -> Result<Vec<Device>, AppError> {
    use super::store;
    use crate::{auth::CurrentUser, context};

    let caller = context::caller()?;
    let user = CurrentUser::require(&caller).await?;
    store::end_other_devices(&caller, &user).await?;
    store::list_devices(&caller, &user).await
}

/// Confirms who it is, for the next ten minutes. The session gets a new id: it may do more now.
#[server(endpoint = "auth/confirm")]
pub async fn confirm(#[server(default)] password: String) -> Result<Visitor, AppError> {
    use super::store;
    use crate::{auth::CurrentUser, context, error::Field, visitor};

    let caller = context::caller()?;
    let user = CurrentUser::require(&caller).await?;
    store::require_password(&caller, user.user(), Field::Password, &password).await?;
    store::confirm(&caller, &user).await?;
    Ok(visitor::after_commit(&caller, user.user()).await)
}

/// Changes what the account is called. `whose` is the address of the user who saw the form, where a page sends it.
#[server(endpoint = "auth/name")]
pub async fn change_name(
    #[server(default)] name: String,
    #[server(default)] whose: Option<String>,
) -> Result<Visitor, AppError> {
    use super::store;
    use crate::{
        auth::{CurrentUser, Name, User},
        context,
        error::Field,
        visitor,
    };

    let caller = context::caller()?;
    let user = CurrentUser::require(&caller).await?;
    user.require_form_of(&caller, whose.as_deref()).await?;
    let name = Name::parse(&name).map_err(|problem| AppError::invalid(Field::Name, problem))?;
    store::change_name(&caller, &user, &name).await?;
    Ok(visitor::after_commit(&caller, &User { name, ..user.user().clone() }).await)
}

/// Changes the password. All other sessions end.
#[server(endpoint = "auth/password")]
pub async fn change_password(
    #[server(default)] current: String,
    #[server(default)] new: String,
) -> Result<Visitor, AppError> {
    use super::store;
    use crate::{
        auth::{ConfirmedUser, NewPassword, is_common},
        context,
        error::Field,
        visitor,
    };

    let caller = context::caller()?;
    let confirmed = ConfirmedUser::require(&caller).await?;
    let user = confirmed.user();
    let new = NewPassword::parse(&new, &[user.name.as_str(), user.email.as_str()], is_common)
        .map_err(|problem| AppError::invalid(Field::New, problem))?;
    store::require_password(&caller, user, Field::Current, &current).await?;
    store::change_password(&caller, &confirmed, &new).await?;
    Ok(visitor::after_commit(&caller, confirmed.user()).await)
}

/// Removes the account with all that belongs to it.
#[server(endpoint = "auth/delete")]
pub async fn delete_account(#[server(default)] password: String) -> Result<Visitor, AppError> {
    use super::store;
    use crate::{auth::ConfirmedUser, context, error::Field};

    let caller = context::caller()?;
    let confirmed = ConfirmedUser::require(&caller).await?;
    store::require_password(&caller, confirmed.user(), Field::Password, &password).await?;
    store::delete_account(&caller, &confirmed).await?;
    Ok(Visitor::default())
}
