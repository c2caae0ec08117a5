//! What a page shows, and which status its response has, where something could not be loaded.

use std::sync::{Arc, OnceLock};

use leptos::prelude::*;

use crate::{error::AppError, nav};

/// What the page being rendered could not do. The server provides one for each page; in the browser there is none.
#[derive(Clone, Debug, Default)]
pub struct PageError(Arc<OnceLock<AppError>>);

impl PageError {
    /// Notes what went wrong. The first of several is what the response tells.
    pub fn note(error: &AppError) {
        if let Some(page) = use_context::<Self>() {
            // The first one stays.
            let _ = page.0.set(error.clone());
        }
    }

    /// What went wrong, if anything did.
    #[must_use]
    pub fn get(&self) -> Option<&AppError> {
        self.0.get()
    }
}

/// What a page shows in place of what could not be loaded.
#[component]
pub fn Failed(
    /// Why.
    error: AppError,
    /// Whether the page has a heading of its own.
    #[prop(optional)]
    in_page: bool,
) -> impl IntoView {
    PageError::note(&error);
    let title = error.title();
    let heading =
        if in_page { view! { <h2>{title}</h2> }.into_any() } else { view! { <h1>{title}</h1> }.into_any() };
    // External: the router would see that one is there already.
    let again = error.may_pass().then(|| view! { <a class="button" href="" rel="external">"Try again"</a> });
    view! {
        <div class="empty" role="alert">
            {heading}
            <p>{error.to_string()}</p>
            <p class="ways">{again} <a href=nav::HOME>"Back to the catalogue"</a></p>
        </div>
    }
}
