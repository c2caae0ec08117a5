//! Every path that is no page.

use leptos::prelude::*;

use super::Head;
use crate::{error::AppError, nav, ui::PageError};

// <shop>
use crate::catalog::{SearchForm, Sorting};
// </shop>

#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    PageError::note(&AppError::NotFound);
    view! {
        <Head title="Page not found" description="There is no page at this address." />
        <div class="empty">
            <h1>"There is no such page"</h1>
            <p>"The address may be mistyped, or what was here is gone. Nothing of yours is lost."</p>
            // <shop>
            <SearchForm q=String::new() sorting=Sorting::default() />
            // </shop>
            <p>
                <a href=nav::HOME>"Back to the catalogue"</a>
            </p>
        </div>
    }
}
