//! Server functions of the account. All of them are for signed-in users.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use web::{error::AppError, snapshot::Visitor};

use super::Device;

/// The user's sessions.
#[server(endpoint = "auth/devices", input = GetUrl)]
pub async fn list_devices() -> Result<Vec<Device>, AppError> {
    use web::context::RequestContext;

    use super::store;
    use crate::auth::CurrentUser;

    let request = RequestContext::current()?;
    let user = CurrentUser::require(&request).await?;
    store::list_devices(&request, &user).await
}

/// Ends one of the user's sessions.
#[server(endpoint = "auth/revoke")]
pub async fn revoke_device(#[server(default)] device: String) -> Result<Vec<Device>, AppError> {
    use web::context::RequestContext;

    use super::store;
    use crate::auth::CurrentUser;

    let request = RequestContext::current()?;
    let user = CurrentUser::require(&request).await?;
    store::end_device(&request, &user, &device).await?;
    store::list_devices(&request, &user).await
}

/// Ends all of the user's sessions except this one.
#[server(endpoint = "auth/revoke_others")]
pub async fn revoke_other_devices() -> Result<Vec<Device>, AppError> {
    use web::context::RequestContext;

    use super::store;
    use crate::auth::CurrentUser;

    let request = RequestContext::current()?;
    let user = CurrentUser::require(&request).await?;
    store::end_other_devices(&request, &user).await?;
    store::list_devices(&request, &user).await
}

/// Confirms the password for the next ten minutes. The session gets a new id, because it may do more now.
#[server(endpoint = "auth/confirm")]
pub async fn confirm(#[server(default)] password: String) -> Result<Visitor, AppError> {
    use web::context::RequestContext;

    use super::store;
    use crate::auth::{CurrentUser, visitor_after_commit};

    let request = RequestContext::current()?;
    let user = CurrentUser::require(&request).await?;
    store::require_password(&request, user.user(), "password", &password).await?;
    store::confirm(&request, &user).await?;
    Ok(visitor_after_commit(&request, user.user()).await)
}

/// Changes the name. `whose` is the e-mail address of the user for whom the form was rendered.
#[server(endpoint = "auth/name")]
pub async fn change_name(
    #[server(default)] name: String,
    #[server(default)] whose: Option<String>,
) -> Result<Visitor, AppError> {
    use web::{context::RequestContext, error::ForField};

    use super::store;
    use crate::auth::{CurrentUser, Name, User, visitor_after_commit};

    let request = RequestContext::current()?;
    let user = CurrentUser::require(&request).await?;
    user.require_form_of(&request, whose.as_deref()).await?;
    let name = Name::parse(&name).for_field("name")?;
    store::change_name(&request, &user, &name).await?;
    Ok(visitor_after_commit(&request, &User { name, ..user.user().clone() }).await)
}

/// Changes the password and ends all other sessions.
#[server(endpoint = "auth/password")]
pub async fn change_password(
    #[server(default)] current: String,
    #[server(default)] new: String,
) -> Result<Visitor, AppError> {
    use web::{context::RequestContext, error::ForField};

    use super::store;
    use crate::auth::{ConfirmedUser, NewPassword, is_common, visitor_after_commit};

    let request = RequestContext::current()?;
    let confirmed = ConfirmedUser::require(&request).await?;
    let user = confirmed.user();
    let new = NewPassword::parse(&new, &[user.name.as_str(), user.email.as_str()], is_common);
    let new = new.for_field("new")?;
    store::require_password(&request, user, "current", &current).await?;
    store::change_password(&request, &confirmed, &new).await?;
    Ok(visitor_after_commit(&request, confirmed.user()).await)
}

/// Deletes the account with everything that belongs to it.
#[server(endpoint = "auth/delete")]
pub async fn delete_account(#[server(default)] password: String) -> Result<Visitor, AppError> {
    use web::context::RequestContext;

    use super::store;
    use crate::auth::ConfirmedUser;

    let request = RequestContext::current()?;
    let confirmed = ConfirmedUser::require(&request).await?;
    store::require_password(&request, confirmed.user(), "password", &password).await?;
    store::delete_account(&request, &confirmed).await?;
    // The account is deleted, even if the visitor cannot be read now.
    Ok(web::visitor::load_current().await.unwrap_or_default())
}
