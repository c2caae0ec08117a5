//! The page for every unknown path.

use leptos::prelude::*;
use web::{
    error::AppError,
    ui::{Head, PageError},
};

#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    PageError::set(&AppError::NotFound);
    view! {
        <Head title="Page not found" description="There is no page at this address." />
        <div class="empty">
            <h1>"Page not found"</h1>
            <p>"The address may be mistyped, or the page may have been removed."</p>
            {crate::shop::search_box()}
            <p>
                <a href="/">"Go to the home page"</a>
            </p>
        </div>
    }
}
