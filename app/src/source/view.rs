//! The fold below a page.

use leptos::{
    ev::Event,
    html::{Details, Div},
    prelude::*,
};

use super::{Folds, show_source};

/// "How this works": a fold with the code that makes the page what it is, by its name in the table. In the first HTML it stands
/// whole; on a page that the hydrated app has come to, it is fetched when it is opened.
#[component]
pub fn HowItWorks(
    /// The name in the table.
    page: &'static str,
    /// What the fold is called.
    #[prop(default = "How this works")]
    title: &'static str,
) -> impl IntoView {
    let here = use_context::<Folds>().and_then(|folds| folds.html(page)).unwrap_or_default();
    let fetch = Action::new(move |(): &()| show_source(page.to_owned()));
    let (fold, code) = (NodeRef::<Details>::new(), NodeRef::<Div>::new());
    // What the server has sent stays as it is: in the browser this is empty until something is fetched.
    let html = move || match fetch.value().get() {
        Some(Ok(source)) => source.html,
        _ => here.to_owned(),
    };
    let fill = move |_: Event| {
        let open = fold.get_untracked().is_some_and(|fold| fold.open());
        let empty = code.get_untracked().is_some_and(|code| code.child_element_count() == 0);
        if open && empty && !fetch.pending().get_untracked() {
            fetch.dispatch(());
        }
    };
    let note = move || match fetch.value().get() {
        _ if fetch.pending().get() => Some(view! { <p>"Fetching the code…"</p> }.into_any()),
        Some(Err(error)) => Some(view! { <p class="error">{error.to_string()}</p> }.into_any()),
        _ => None,
    };
    view! {
        <details node_ref=fold class="how" on:toggle=fill>
            <summary>{title}</summary>
            <div aria-live="polite">{note}</div>
            <div node_ref=code class="how-code" inner_html=html></div>
        </details>
    }
}
