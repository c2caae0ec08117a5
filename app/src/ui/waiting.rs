//! What stands where something is being fetched.

use leptos::prelude::*;

/// Says what is waited for, above the outline of a page. Neither is seen while the wait is too short to notice.
#[component]
pub fn Waiting(words: &'static str) -> impl IntoView {
    view! { <p class="waiting">{words}</p> }
}
