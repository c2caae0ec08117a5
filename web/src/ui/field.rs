//! Text fields, and the errors of fields and forms.

use leptos::prelude::*;

use crate::error::AppError;

/// A labelled text field. Screen readers read its hint and its error with it.
#[component]
pub fn TextField(
    label: &'static str,
    name: &'static str,
    /// The `type` of the input.
    #[prop(default = "text")]
    kind: &'static str,
    autocomplete: &'static str,
    #[prop(optional_no_strip)] value: Option<String>,
    /// A prefix of its id, for pages with several fields of this name.
    #[prop(default = "")]
    prefix: &'static str,
    #[prop(default = true)] required: bool,
    #[prop(optional)] hint: Option<&'static str>,
    error: Signal<Option<String>>,
) -> impl IntoView {
    let id = format!("{prefix}{name}");
    let error_id = format!("{id}-error");
    let hint_id = format!("{id}-hint");
    let described_by = if hint.is_some() { format!("{error_id} {hint_id}") } else { error_id.clone() };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input
                id=id
                name=name
                type=kind
                autocomplete=autocomplete
                value=value
                aria-required=required.then_some("true")
                aria-invalid=move || error.get().map(|_| "true")
                aria-describedby=described_by
                autofocus=error.get_untracked().is_some()
            />
            {hint.map(|hint| view! { <p class="field-hint" id=hint_id>{hint}</p> })}
            <FieldError id=error_id error />
        </div>
    }
}

/// The error of a field, for the field's `aria-describedby`.
#[component]
pub fn FieldError(
    /// The id that the field refers to.
    id: String,
    error: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <p class="error" id=id role="alert">
            {move || error.get()}
        </p>
    }
}

/// An error of the form as a whole.
#[component]
pub fn FormError(error: Signal<Option<AppError>>) -> impl IntoView {
    view! {
        <p class="error" role="alert">
            {move || error.get().map(|error| error.to_string())}
        </p>
    }
}
