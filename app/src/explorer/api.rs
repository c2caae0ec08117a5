//! Server functions of the explorer. Each returns the session as it is afterwards.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use web::error::AppError;

use super::SessionView;

/// Sets a value of the visitor: JSON if it is JSON, else text.
#[server(endpoint = "session/set")]
pub async fn set_value(
    #[server(default)] key: String,
    #[server(default)] value: String,
) -> Result<SessionView, AppError> {
    use web::error::ForField;

    use super::{LogEvent, Notes, store};

    let key = store::parse_unreserved(&key)?;
    let value = Notes::parse(&value).for_field("value")?;
    let session = web::context::session()?;
    session.update(|notes: &mut Notes| notes.set(&key, value.clone())).await??;
    store::log(&session, LogEvent::Set { key: key.as_str().to_owned() }).await?;
    store::show(&session).await
}

/// Removes a value of the visitor. Does nothing if there is none.
#[server(endpoint = "session/remove")]
pub async fn remove_value(#[server(default)] key: String) -> Result<SessionView, AppError> {
    use super::{LogEvent, Notes, store};

    let key = store::parse_unreserved(&key)?;
    let session = web::context::session()?;
    if session.update(|notes: &mut Notes| notes.remove(&key)).await? {
        store::log(&session, LogEvent::Removed { key: key.as_str().to_owned() }).await?;
    }
    store::show(&session).await
}

/// Ends the session with all its values, which also signs out. The next write starts a new session with another id.
#[server(endpoint = "session/clear")]
pub async fn clear_session() -> Result<SessionView, AppError> {
    let request = web::context::RequestContext::current()?;
    crate::auth::sign_out(&request).await?;
    super::store::show(&request.session).await
}

/// Gives the session a new id.
#[server(endpoint = "session/renew")]
pub async fn renew_session() -> Result<SessionView, AppError> {
    let session = web::context::session()?;
    session.handle().await?.ok_or(super::store::NO_SESSION)?;
    session.renew().await?;
    super::store::show(&session).await
}

/// Keeps the session for 31 days, or until the browser closes. A signed-in user must have typed the password within the last ten minutes,
/// so that a stolen cookie does not get the longer duration.
#[server(endpoint = "session/remember")]
pub async fn remember_session(#[server(default)] remember: Option<String>) -> Result<SessionView, AppError> {
    let request = web::context::RequestContext::current()?;
    let session = &request.session;
    session.handle().await?.ok_or(super::store::NO_SESSION)?;
    if remember.is_some() && session.owner().await?.is_some() {
        crate::auth::ConfirmedUser::require(&request).await?;
    }
    session.remember(remember.is_some()).await?;
    super::store::show(session).await
}

/// Changes a number inside of a nested value.
#[server(endpoint = "session/pineapples")]
pub async fn change_pineapples(#[server(default)] pineapples: String) -> Result<SessionView, AppError> {
    use web::error::ForField;

    use super::{Pantry, store};

    let count = Pantry::parse(&pineapples).for_field("pineapples")?;
    let session = web::context::session()?;
    session
        .update(|pantry: &mut Pantry| {
            pantry.fruit.insert(Pantry::PINEAPPLES.to_owned(), count);
        })
        .await?;
    store::show(&session).await
}

/// The session of the visitor.
#[server(endpoint = "session/show", input = GetUrl)]
pub async fn show_session() -> Result<SessionView, AppError> {
    super::store::show(&web::context::session()?).await
}

/// The session of the visitor, without extending the idle timeout: for a page that asks by itself.
#[server(endpoint = "session/peek", input = GetUrl)]
pub async fn peek_session() -> Result<SessionView, AppError> {
    let session = web::context::session()?;
    session.read_quietly();
    super::store::show(&session).await
}
