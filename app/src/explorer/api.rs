//! Set, remove, clear, renew, remember, and show.

use leptos::prelude::*;
use server_fn::codec::GetUrl;

use super::SessionView;
use crate::error::AppError;

/// Keeps a value of the visitor's own: JSON where it is JSON, else text.
#[server(endpoint = "session/set")]
pub async fn set_value(
    #[server(default)] key: String,
    #[server(default)] value: String,
) -> Result<SessionView, AppError> {
    use super::{
        Happening, Notes,
        store::{self, show},
    };
    use crate::context;

    let (key, value) = (store::free(&key)?, Notes::read(&value)?);
    let session = context::session()?;
    session.update(|notes: &mut Notes| notes.set(&key, value.clone())).await??;
    store::note(&session, Happening::Set { key: key.as_str().to_owned() }).await?;
    show(&session).await
}

/// Takes a value of the visitor's own out. What is not there is fine.
#[server(endpoint = "session/remove")]
pub async fn remove_value(#[server(default)] key: String) -> Result<SessionView, AppError> {
    use super::{
        Happening, Notes,
        store::{self, show},
    };
    use crate::context;

    let key = store::free(&key)?;
    let session = context::session()?;
    if session.update(|notes: &mut Notes| notes.remove(&key)).await? {
        store::note(&session, Happening::Removed { key: key.as_str().to_owned() }).await?;
    }
    show(&session).await
}

/// Ends the session, with all that is in it: what is written next begins another one, under another id. Who is signed in is signed
/// out.
#[server(endpoint = "session/clear")]
pub async fn clear_session() -> Result<SessionView, AppError> {
    let caller = crate::context::caller()?;
    crate::auth::leave(&caller).await?;
    super::store::show(&caller.session).await
}

/// Gives the session a new id.
#[server(endpoint = "session/renew")]
pub async fn renew_session() -> Result<SessionView, AppError> {
    let session = crate::context::session()?;
    session.handle().await?.ok_or(AppError::NoSession)?;
    session.renew().await?;
    super::store::show(&session).await
}

/// Keeps the session for a month, or until the browser closes. A month without a password is nothing that a copied cookie may ask for:
/// a signed-in user has to have typed it within the last ten minutes.
#[server(endpoint = "session/remember")]
pub async fn remember_session(#[server(default)] remember: Option<String>) -> Result<SessionView, AppError> {
    let caller = crate::context::caller()?;
    let session = &caller.session;
    session.handle().await?.ok_or(AppError::NoSession)?;
    if remember.is_some() && session.owner().await?.is_some() {
        crate::auth::ConfirmedUser::require(&caller).await?;
    }
    session.remember(remember.is_some()).await?;
    super::store::show(session).await
}

/// Changes a number inside of a nested value.
#[server(endpoint = "session/pineapples")]
pub async fn change_pineapples(#[server(default)] pineapples: String) -> Result<SessionView, AppError> {
    use super::{Pantry, store::show};

    let count = Pantry::read(&pineapples)?;
    let session = crate::context::session()?;
    session
        .update(|pantry: &mut Pantry| {
            pantry.fruit.insert(Pantry::PINEAPPLES.to_owned(), count);
        })
        .await?;
    show(&session).await
}

/// All that the server keeps for this visitor.
#[server(endpoint = "session/show", input = GetUrl)]
pub async fn show_session() -> Result<SessionView, AppError> {
    super::store::show(&crate::context::session()?).await
}

/// The same for a page that asks by itself: it does not count as a use of the session.
#[server(endpoint = "session/peek", input = GetUrl)]
pub async fn peek_session() -> Result<SessionView, AppError> {
    let session = crate::context::session()?;
    session.read_quietly();
    super::store::show(&session).await
}
