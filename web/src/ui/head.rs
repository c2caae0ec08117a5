//! The title and the description of a page.

use leptos::prelude::*;
use leptos_meta::{Meta, Title};

/// The page's title and its description in one sentence, for search engines and for shared links.
#[component]
pub fn Head(#[prop(into)] title: String, #[prop(into)] description: String) -> impl IntoView {
    view! {
        <Title text=title.clone() />
        <Meta property="og:title" content=title />
        <Meta name="description" content=description.clone() />
        <Meta property="og:description" content=description />
    }
}
