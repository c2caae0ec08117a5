//! A password field with a button that shows the password.

use leptos::{html::Input, prelude::*};

use super::FieldError;

/// A labelled password field. Pasting works, and the password can be shown (ASVS 6.2.6, 6.2.7).
#[component]
pub fn PasswordField(
    label: &'static str,
    name: &'static str,
    /// A prefix of its id, for pages with several fields of this name.
    #[prop(default = "")]
    prefix: &'static str,
    /// `current-password` or `new-password`.
    autocomplete: &'static str,
    error: Signal<Option<String>>,
    /// A hint below the field: an element with the id of the field plus `-hint`.
    #[prop(optional)]
    hint: Option<ViewFn>,
    #[prop(optional)] typed: RwSignal<String>,
    /// The [success count](super::FormState::success_count) of the form. Empties the field when it changes.
    #[prop(optional)]
    clear: Option<Signal<u32>>,
) -> impl IntoView {
    let shown = RwSignal::new(false);
    let input = NodeRef::<Input>::new();
    Effect::new(move || {
        if clear.is_some_and(|clear| clear.get() > 0) {
            if let Some(input) = input.get_untracked() {
                input.set_value("");
            }
            typed.set(String::new());
            shown.set(false);
        }
    });
    let id = format!("{prefix}{name}");
    let error_id = format!("{id}-error");
    let described_by = if hint.is_some() { format!("{error_id} {id}-hint") } else { error_id.clone() };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <div class="password">
                <input
                    id=id.clone()
                    name=name
                    type=move || if shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    autocapitalize="none"
                    spellcheck="false"
                    aria-required="true"
                    aria-invalid=move || error.get().map(|_| "true")
                    aria-describedby=described_by
                    autofocus=error.get_untracked().is_some()
                    node_ref=input
                    on:input=move |event| typed.set(event_target_value(&event))
                />
                // Hidden without JavaScript.
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
            <FieldError id=error_id error />
        </div>
    }
}
