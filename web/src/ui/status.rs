//! The content and the HTTP status of a page that could not be loaded.

use std::sync::{Arc, OnceLock};

use leptos::prelude::*;

use super::Head;
use crate::error::AppError;

/// The error of the page that is being rendered, on the server only.
#[derive(Clone, Debug, Default)]
pub struct PageError(Arc<OnceLock<AppError>>);

impl PageError {
    /// Sets the error, unless the page has one already. The response gets its status.
    pub fn set(error: &AppError) {
        if let Some(page) = use_context::<Self>() {
            let _ = page.0.set(error.clone());
        }
    }

    pub fn get(&self) -> Option<&AppError> {
        self.0.get()
    }
}

/// Shows an error in place of content that could not be loaded.
#[component]
pub fn Failed(
    error: AppError,
    /// Whether the page has a heading of its own.
    #[prop(optional)]
    in_page: bool,
) -> impl IntoView {
    // The sign-in form or page replaces this content.
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
    // External, because the router does not load the current page again.
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
