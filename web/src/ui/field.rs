//! A labelled field with its error beside it.

use leptos::prelude::*;

use crate::error::AppError;

/// A labelled text field. Screen readers read its hint and its error with it.
#[component]
pub fn TextField(
    /// The label.
    label: &'static str,
    /// The field's name in the form.
    name: &'static str,
    /// The `type` of the input.
    #[prop(default = "text")]
    kind: &'static str,
    /// The `autocomplete` token, by which browsers and password managers know what belongs here.
    autocomplete: &'static str,
    /// The initial value.
    #[prop(optional_no_strip)]
    value: Option<String>,
    /// A prefix of its id, for pages with several fields of this name.
    #[prop(default = "")]
    prefix: &'static str,
    /// Whether it must be filled in.
    #[prop(default = true)]
    required: bool,
    /// A hint below the field.
    #[prop(optional)]
    hint: Option<&'static str>,
    /// What is wrong with it.
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
    /// What is wrong.
    error: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <p class="error" id=id role="alert">
            {move || error.get()}
        </p>
    }
}

/// The error of a form as a whole.
#[component]
pub fn FormError(
    /// What is wrong.
    error: Signal<Option<AppError>>,
) -> impl IntoView {
    view! {
        <p class="error" role="alert">
            {move || error.get().map(|error| error.to_string())}
        </p>
    }
}
