//! Server functions of accounts: register, sign in, sign out.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use server_fn::codec::GetUrl;
use web::{error::AppError, snapshot::Visitor};

/// Creates an account and signs its user in. Only the form's redirect reads `next`.
#[server(endpoint = "auth/register")]
pub async fn register(
    #[server(default)] name: String,
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] next: Option<String>,
) -> Result<Visitor, AppError> {
    use web::context::RequestContext;

    use super::{Event, Registration, common, password, sign_in, store};

    let _ = next;
    let request = RequestContext::current()?;
    let Registration { name, email, password } =
        Registration::parse(&name, &email, &password, common::is_common)?;
    sign_in::check_limits(&request, &email).await?;
    // Before the hash is computed, which is expensive.
    request.session.admit().await?;
    let hash = password::hash(request.address, password.expose()).await?;
    let before = sign_in::before(&request).await?;
    let mut transaction = request.db.begin().await?;
    let created = store::insert_user(&mut transaction, &name, &email, &hash, request.now).await?;
    let user = created.ok_or(store::EMAIL_TAKEN)?;
    let events = &[Event::Registered, Event::SignedIn];
    sign_in::sign_in(&request, before, transaction, &user, false, events).await
}

/// Signs in. Only the form's redirect reads `next`.
#[server(endpoint = "auth/login")]
pub async fn login(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] remember: Option<String>,
    #[server(default)] next: Option<String>,
) -> Result<Visitor, AppError> {
    use web::{audit, context::RequestContext};

    use super::{Credentials, Event, sign_in, store};

    let _ = next;
    let request = RequestContext::current()?;
    let credentials = Credentials::parse(&email, password)?;
    sign_in::check_limits(&request, &credentials.email).await?;
    let (verified, claimed) = store::verify(&request.db, request.address, &credentials).await?;
    let Some(user) = verified else {
        let claimed = claimed.as_ref().map(|id| id.0.as_str());
        audit::record(Event::SignInFailed, &request, claimed).await;
        return Err(sign_in::WRONG_CREDENTIALS.into());
    };
    let before = sign_in::before(&request).await?;
    let transaction = request.db.begin().await?;
    let remember = remember.is_some();
    sign_in::sign_in(&request, before, transaction, &user, remember, &[Event::SignedIn]).await
}

/// Signs out: ends the session. What features save for its user is restored at the next sign-in.
#[server(endpoint = "auth/logout")]
pub async fn logout() -> Result<Visitor, AppError> {
    super::sign_out(&web::context::RequestContext::current()?).await?;
    // The session has ended, even if the visitor cannot be read now.
    Ok(web::visitor::load_current().await.unwrap_or_default())
}

/// The most common passwords, for the meter beside a new password.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CommonPasswords {
    /// In lower case.
    pub passwords: Vec<String>,
}

/// The most common passwords, which are refused.
#[server(endpoint = "auth/common_passwords", input = GetUrl)]
pub async fn list_common_passwords() -> Result<CommonPasswords, AppError> {
    Ok(CommonPasswords { passwords: super::common::LIST.lines().map(str::to_owned).collect() })
}
