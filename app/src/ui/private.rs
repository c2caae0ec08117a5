//! What only a signed-in user sees, on a page that stays open while other tabs and the clock go on.

use std::future::Future;

use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

use super::{Failed, Waiting};
use crate::{
    error::AppError,
    visitor::{Tabs, use_visitor},
};

/// Asks the server by `load`, and again when `key` changes or another tab has told of something; `show` makes the answer
/// visible. Who is not signed in any more is noticed.
#[component]
pub fn Private<T, L, F>(
    /// What is asked for.
    #[prop(into, default = Signal::stored(String::new()))]
    key: Signal<String>,
    load: L,
    show: fn(T) -> AnyView,
    /// Whether the page has a heading of its own.
    #[prop(optional)]
    in_page: bool,
) -> impl IntoView
where
    T: Clone + DeserializeOwned + Send + Serialize + Sync + 'static,
    L: Fn(String) -> F + Copy + Send + Sync + 'static,
    F: Future<Output = Result<T, AppError>> + Send + 'static,
{
    let tabs = expect_context::<Tabs>();
    let visitor = use_visitor();
    let asked = move || (tabs.heard(), visitor.user().is_some(), key.get());
    let answer = Resource::new(asked, move |(_, signed_in, key)| async move {
        if signed_in { load(key).await } else { Err(AppError::SignInFirst) }
    });
    // Signed out elsewhere, or by the clock, since the page was opened.
    Effect::new(move || {
        if let Some(Err(AppError::SignInFirst | AppError::SessionEnded)) = answer.get()
            && untrack(|| visitor.user()).is_some()
        {
            visitor.check();
        }
    });
    let shown = move || {
        Suspend::new(async move {
            match answer.await {
                Ok(answer) => show(answer),
                Err(AppError::SignInFirst | AppError::SessionEnded) => ().into_any(),
                Err(error) => view! { <Failed error in_page /> }.into_any(),
            }
        })
    };
    view! { <Transition fallback=|| view! { <Waiting words="Loading…" /> }>{shown}</Transition> }
}
