//! The status of a page's response, for pages that do not find what they should show.

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use http::StatusCode;
use leptos::prelude::*;

use crate::error::AppError;

/// The status that the page being rendered wants. The server provides one for each page; in the browser there is none.
#[derive(Clone, Debug)]
pub struct ResponseStatus(Arc<AtomicU16>);

impl Default for ResponseStatus {
    fn default() -> Self {
        Self(Arc::new(AtomicU16::new(StatusCode::OK.as_u16())))
    }
}

impl ResponseStatus {
    /// Sets the status of the page being rendered.
    pub fn set(status: StatusCode) {
        if let Some(wanted) = use_context::<Self>() {
            wanted.0.store(status.as_u16(), Ordering::Relaxed);
        }
    }

    /// The status that the page asked for.
    #[must_use]
    pub fn get(&self) -> StatusCode {
        StatusCode::from_u16(self.0.load(Ordering::Relaxed)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
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
    ResponseStatus::set(error.status());
    let words = if error == AppError::NotFound { "Not found" } else { "That did not work" };
    let heading =
        if in_page { view! { <h2>{words}</h2> }.into_any() } else { view! { <h1>{words}</h1> }.into_any() };
    view! {
        <div class="empty" role="alert">
            {heading}
            <p>{error.to_string()}</p>
            <p>
                <a href="/">"To the first page"</a>
            </p>
        </div>
    }
}
