//! A labelled field with its error beside it.

use leptos::prelude::*;

use crate::error::{AppError, Field, Problem};

/// A labelled text field. Its error is tied to it for screen readers.
#[component]
pub fn TextField(
    /// What the field is called on the page.
    label: &'static str,
    /// Which field of the form it is.
    field: Field,
    /// The `type` of the input.
    #[prop(default = "text")]
    kind: &'static str,
    /// The `autocomplete` value, by which browsers and password managers know what belongs here.
    autocomplete: &'static str,
    /// What it holds at first.
    #[prop(optional_no_strip)]
    value: Option<String>,
    /// What sets its id apart where the page has another form with such a field.
    #[prop(default = "")]
    prefix: &'static str,
    /// Whether it may not be left empty.
    #[prop(default = true)]
    required: bool,
    /// What to know before one types.
    #[prop(optional)]
    hint: Option<&'static str>,
    /// What is wrong with it.
    problem: Signal<Option<Problem>>,
) -> impl IntoView {
    let id = format!("{prefix}{}", field.name());
    let error_id = format!("{id}-error");
    let hint_id = format!("{id}-hint");
    let described_by = if hint.is_some() { format!("{error_id} {hint_id}") } else { error_id.clone() };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input
                id=id
                name=field.name()
                type=kind
                autocomplete=autocomplete
                value=value
                aria-required=required.then_some("true")
                aria-invalid=move || problem.get().map(|_| "true")
                aria-describedby=described_by
                autofocus=problem.get_untracked().is_some()
            />
            {hint.map(|hint| view! { <p class="field-hint" id=hint_id>{hint}</p> })}
            <FieldError id=error_id problem />
        </div>
    }
}

/// What is wrong with a field, for the field's `aria-describedby`.
#[component]
pub fn FieldError(
    /// The id that the field refers to.
    id: String,
    /// What is wrong.
    problem: Signal<Option<Problem>>,
) -> impl IntoView {
    view! {
        <p class="error" id=id role="alert">
            {move || problem.get().map(|problem| problem.to_string())}
        </p>
    }
}

/// What is wrong with a form as a whole.
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
