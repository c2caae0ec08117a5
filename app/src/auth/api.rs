//! Register, sign in, sign out.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use server_fn::codec::GetUrl;

use crate::{error::AppError, visitor::Visitor};

/// Makes an account and signs its owner in. `next` is read by the form's redirect alone.
#[server(endpoint = "auth/register")]
pub async fn register(
    #[server(default)] name: String,
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] next: Option<String>,
) -> Result<Visitor, AppError> {
    use super::{Registration, audit::Event, common, password, sign_in, store};
    use crate::{context, error::Field, error::Problem};

    let _ = next;
    let caller = context::caller()?;
    let Registration { name, email, password } =
        Registration::parse(&name, &email, &password, common::is_common)?;
    sign_in::check_limits(&caller, &email).await?;
    // Before the hash is computed, which is dear. The account and its owner's session are made in one transaction.
    caller.session.admit().await?;
    let hash = password::hash(caller.address, password.expose()).await?;
    let before = sign_in::before(&caller).await?;
    let mut transaction = caller.db.begin().await?;
    let made = store::insert_user(&mut transaction, &name, &email, &hash, caller.now).await?;
    let user = made.ok_or(AppError::invalid(Field::Email, Problem::Taken))?;
    sign_in::enter(&caller, before, transaction, &user, false, &[Event::Registered, Event::SignedIn]).await
}

/// Signs in. `next` is read by the form's redirect alone.
#[server(endpoint = "auth/login")]
pub async fn login(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] remember: Option<String>,
    #[server(default)] next: Option<String>,
) -> Result<Visitor, AppError> {
    use super::{
        Credentials,
        audit::{self, Event},
        sign_in, store,
    };
    use crate::context;

    let _ = next;
    let caller = context::caller()?;
    let credentials = Credentials::parse(&email, password)?;
    sign_in::check_limits(&caller, &credentials.email).await?;
    let (verified, claimed) = store::verify(&caller.db, caller.address, &credentials).await?;
    let Some(user) = verified else {
        audit::record(Event::SignInFailed, &caller, claimed.as_ref()).await;
        return Err(AppError::WrongCredentials);
    };
    let before = sign_in::before(&caller).await?;
    let transaction = caller.db.begin().await?;
    sign_in::enter(&caller, before, transaction, &user, remember.is_some(), &[Event::SignedIn]).await
}

/// Signs out: the session ends, with all that it held. What belongs to a user waits for the next sign-in.
#[server(endpoint = "auth/logout")]
pub async fn logout() -> Result<Visitor, AppError> {
    super::sign_in::leave(&crate::context::caller()?).await?;
    Ok(Visitor::default())
}

/// The passwords that are refused because everybody tries them first, for the meter beside a new password.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CommonPasswords {
    /// In lower case.
    pub passwords: Vec<String>,
}

/// The passwords that are refused because everybody tries them first.
#[server(endpoint = "auth/common_passwords", input = GetUrl)]
pub async fn list_common_passwords() -> Result<CommonPasswords, AppError> {
    Ok(CommonPasswords { passwords: super::common::LIST.lines().map(str::to_owned).collect() })
}
