//! What a page shows, and the status of its response, when something could not be loaded.

use std::sync::{Arc, OnceLock};

use leptos::prelude::*;

use super::Head;
use crate::error::AppError;

/// The error of the page that is being rendered. The server provides one for each page; in the browser there is none.
#[derive(Clone, Debug, Default)]
pub struct PageError(Arc<OnceLock<AppError>>);

impl PageError {
    /// Sets the error. The response has the status of the first one.
    pub fn set(error: &AppError) {
        if let Some(page) = use_context::<Self>() {
            let _ = page.0.set(error.clone());
        }
    }

    /// The error, if there was one.
    #[must_use]
    pub fn get(&self) -> Option<&AppError> {
        self.0.get()
    }
}

/// What a page shows in place of content that could not be loaded.
#[component]
pub fn Failed(
    /// Why.
    error: AppError,
    /// Whether the page has a heading of its own.
    #[prop(optional)]
    in_page: bool,
) -> impl IntoView {
    // The part of the page that needs a user is replaced by the sign-in form or page, and says nothing itself.
    if matches!(error, AppError::SignInFirst | AppError::SessionEnded) {
        return ().into_any();
    }
    PageError::set(&error);
    let title = error.title();
    let heading = if in_page {
        view! { <h2>{title}</h2> }.into_any()
    } else {
        view! { <Head title description=error.to_string() /> <h1>{title}</h1> }.into_any()
    };
    // External, because the router would not load the page that is shown already.
    let retry =
        error.is_temporary().then(|| view! { <a class="button" href="" rel="external">"Try again"</a> });
    view! {
        <div class="empty" role="alert">
            {heading}
            <p>{error.to_string()}</p>
            <p class="ways">{retry} <a href="/">"Go to the home page"</a></p>
        </div>
    }
    .into_any()
}
