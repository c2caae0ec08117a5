//! The folds below a page.

use leptos::{
    ev::Event,
    html::{Details, Div},
    prelude::*,
};
use leptos_router::hooks::use_location;
use web::feature::matches;

use super::{FOLDS, Fold, api::show_source};

/// The folds of the current page.
pub(super) fn folds_of_page() -> AnyView {
    let path = use_location().pathname;
    let folds = move || {
        let path = path.get();
        FOLDS.iter().filter(|fold| matches(fold.page, &path)).collect::<Vec<_>>()
    };
    // By name, so that a fold of another page does not take over the code that the browser shows.
    view! { <For each=folds key=|fold| fold.name children=|fold| view! { <HowItWorks fold /> } /> }.into_any()
}

/// A fold. It is complete in the first HTML; after a navigation, its code is loaded when it is opened.
#[component]
fn HowItWorks(fold: &'static Fold) -> impl IntoView {
    let fetch = Action::new(move |(): &()| show_source(fold.name.to_owned()));
    let (details, code) = (NodeRef::<Details>::new(), NodeRef::<Div>::new());
    let html = move || match fetch.value().get() {
        Some(Ok(source)) => source.html,
        _ => fold.html.to_owned(),
    };
    let load = move |_: Event| {
        let is_open = details.get_untracked().is_some_and(|details| details.open());
        let is_empty = code.get_untracked().is_some_and(|code| code.child_element_count() == 0);
        if is_open && is_empty && !fetch.pending().get_untracked() {
            fetch.dispatch(());
        }
    };
    let status = move || match fetch.value().get() {
        _ if fetch.pending().get() => Some(view! { <p>"Loading the code…"</p> }.into_any()),
        Some(Err(error)) => Some(view! { <p class="error">{error.to_string()}</p> }.into_any()),
        _ => None,
    };
    view! {
        <details node_ref=details class="how" on:toggle=load>
            <summary>{fold.title}</summary>
            <div aria-live="polite">{status}</div>
            // Hydration keeps what the server has sent.
            <div node_ref=code class="how-code" inner_html=html></div>
        </details>
    }
}
