//! Sign in, sign out.

use leptos::prelude::*;

use crate::{error::AppError, visitor::Visitor};

/// Signs in. `next` is read by the form's redirect alone.
#[server(endpoint = "auth/login")]
pub async fn login(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] remember: Option<String>,
    #[server(default)] next: Option<String>,
) -> Result<Visitor, AppError> {
    use super::{Credentials, store};
    use crate::{context, visitor};

    let _ = next;
    let credentials = Credentials::parse(&email, password)?;
    let user = store::verify(&context::pool()?, &credentials).await?.ok_or(AppError::WrongCredentials)?;
    store::start_session(&context::session()?, &user, remember.is_some()).await?;
    visitor::current().await
}

/// Signs out: the session ends, with all that it held.
#[server(endpoint = "auth/logout")]
pub async fn logout() -> Result<Visitor, AppError> {
    crate::context::session()?.end().await?;
    Ok(Visitor::default())
}
