//! The button that sends a form and shows that it is on its way.

use leptos::{ev::MouseEvent, prelude::*};

/// A submit button. While the answer is awaited it says so and takes no second press, but keeps the focus.
#[component]
pub fn SubmitButton(
    /// Whether an answer is being waited for.
    #[prop(into)]
    pending: Signal<bool>,
    /// Its class.
    #[prop(default = "button")]
    class: &'static str,
    /// What the button is called where its text alone does not tell, as in a list.
    #[prop(into, optional)]
    label: Option<String>,
    children: Children,
) -> impl IntoView {
    let hold = move |event: MouseEvent| {
        if pending.get_untracked() {
            event.prevent_default();
        }
    };
    let busy = move || pending.get().then_some("true");
    view! {
        <button type="submit" class=class aria-label=label aria-busy=busy aria-disabled=busy on:click=hold>
            {children()}
        </button>
    }
}
