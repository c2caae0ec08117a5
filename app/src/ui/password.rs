//! A field for a password, which can be shown while one types.

use leptos::{html::Input, prelude::*};

use super::FieldError;
use crate::error::{Field, Problem};

/// A labelled field for a password. Pasting works, and what was typed can be shown (ASVS 6.2.6, 6.2.7).
#[component]
pub fn PasswordField(
    /// What the field is called on the page.
    label: &'static str,
    /// Which field of the form it is.
    field: Field,
    /// What sets its id apart where the page has another form with such a field.
    #[prop(default = "")]
    prefix: &'static str,
    /// `current-password` or `new-password`, by which password managers know what belongs here.
    autocomplete: &'static str,
    /// What is wrong with it.
    problem: Signal<Option<Problem>>,
    /// What is told below it while one types, by an element with the id of the field and `-hint`.
    #[prop(optional)]
    hint: Option<ViewFn>,
    /// What is typed.
    #[prop(optional)]
    typed: RwSignal<String>,
    /// Changes when the form has done its work: then nobody needs the password any more.
    #[prop(optional)]
    done: Option<Signal<u32>>,
) -> impl IntoView {
    let shown = RwSignal::new(false);
    let input = NodeRef::<Input>::new();
    Effect::new(move || {
        if done.is_some_and(|done| done.get() > 0) {
            if let Some(input) = input.get_untracked() {
                input.set_value("");
            }
            typed.set(String::new());
            shown.set(false);
        }
    });
    let id = format!("{prefix}{}", field.name());
    let error_id = format!("{id}-error");
    let described_by = if hint.is_some() { format!("{error_id} {id}-hint") } else { error_id.clone() };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <div class="password">
                <input
                    id=id.clone()
                    name=field.name()
                    type=move || if shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    autocapitalize="none"
                    spellcheck="false"
                    aria-required="true"
                    aria-invalid=move || problem.get().map(|_| "true")
                    aria-describedby=described_by
                    autofocus=problem.get_untracked().is_some()
                    node_ref=input
                    on:input=move |event| typed.set(event_target_value(&event))
                />
                // Without JavaScript it could do nothing, and is not shown.
                <button
                    type="button"
                    class="button-quiet needs-js"
                    aria-controls=id
                    aria-pressed=move || if shown.get() { "true" } else { "false" }
                    on:click=move |_| shown.update(|shown| *shown = !*shown)
                >
                    {move || if shown.get() { "Hide" } else { "Show" }}
                    <span class="visually-hidden">{format!(" {}", label.to_lowercase())}</span>
                </button>
            </div>
            {hint.map(|hint| hint.run())}
            <FieldError id=error_id problem />
        </div>
    }
}
