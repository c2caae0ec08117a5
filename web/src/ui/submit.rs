//! The button that sends a form.

use leptos::{ev::MouseEvent, prelude::*};

/// A submit button. While the form waits for an answer, the button shows it and ignores clicks, but keeps the focus.
#[component]
pub fn SubmitButton(
    #[prop(into)] pending: Signal<bool>,
    #[prop(default = "button")] class: &'static str,
    /// The accessible name, if the text alone is not enough, as in a list.
    #[prop(into, optional)]
    label: Option<String>,
    children: Children,
) -> impl IntoView {
    let ignore_if_pending = move |event: MouseEvent| {
        if pending.get_untracked() {
            event.prevent_default();
        }
    };
    let busy = move || pending.get().then_some("true");
    view! {
        <button
            type="submit"
            class=class
            aria-label=label
            aria-busy=busy
            aria-disabled=busy
            on:click=ignore_if_pending
        >
            {children()}
        </button>
    }
}
