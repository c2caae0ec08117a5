//! Loading and error states.

use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

use super::Failed;
use crate::error::AppError;

/// Shows what a resource has loaded, by `show`; a placeholder until then, and the error if it fails. It keeps what it shows while the
/// resource is loaded again.
#[component]
pub fn Load<T>(
    /// What is loaded.
    resource: Resource<Result<T, AppError>>,
    /// Shows it.
    show: fn(T) -> AnyView,
    /// The text of the placeholder.
    #[prop(default = "Loading…")]
    placeholder: &'static str,
    /// Whether the page has a heading of its own.
    #[prop(default = true)]
    in_page: bool,
) -> impl IntoView
where
    T: Clone + DeserializeOwned + Send + Serialize + Sync + 'static,
{
    let content = move || {
        Suspend::new(async move {
            match resource.await {
                Ok(loaded) => show(loaded),
                Err(error) => view! { <Failed error in_page /> }.into_any(),
            }
        })
    };
    view! {
        <Transition fallback=move || {
            view! { <Loading text=placeholder /> }
        }>
            // Leptos calls a closure three times to render a page. The browser calls it again when the resource changes.
            {if is_server() { content().into_any() } else { content.into_any() }}
        </Transition>
    }
}

/// A text above the outline of a page. Neither is visible while the wait is too short to notice.
#[component]
pub fn Loading(
    /// The text.
    #[prop(default = "Loading…")]
    text: &'static str,
) -> impl IntoView {
    view! { <p class="waiting">{text}</p> }
}
