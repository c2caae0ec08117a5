//! Content for signed-in users, which is up to date with other tabs.

use std::future::Future;

use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

use super::Load;
use crate::{
    error::AppError,
    visitor::{Tabs, use_visitor},
};

/// Loads content by `load`, again when `key` or something in another tab changes, and shows it by `show`. Notices that the user is signed
/// out.
#[component]
pub fn Private<T, L, F>(
    /// The argument of `load`.
    #[prop(into, default = Signal::stored(String::new()))]
    key: Signal<String>,
    load: L,
    show: fn(T) -> AnyView,
    /// Whether the page has a heading of its own.
    #[prop(default = true)]
    in_page: bool,
) -> impl IntoView
where
    T: Clone + DeserializeOwned + Send + Serialize + Sync + 'static,
    L: Fn(String) -> F + Copy + Send + Sync + 'static,
    F: Future<Output = Result<T, AppError>> + Send + 'static,
{
    let tabs = expect_context::<Tabs>();
    let visitor = use_visitor();
    let source = move || (tabs.changes(), visitor.user().is_some(), key.get());
    let resource = Resource::new(source, move |(_, signed_in, key)| async move {
        if signed_in { load(key).await } else { Err(AppError::SignInFirst) }
    });
    // The user has signed out in another tab, or the session has expired.
    Effect::new(move || {
        if let Some(Err(AppError::SignInFirst | AppError::SessionEnded)) = resource.get()
            && untrack(|| visitor.user()).is_some()
        {
            visitor.check();
        }
    });
    view! { <Load resource show in_page /> }
}
