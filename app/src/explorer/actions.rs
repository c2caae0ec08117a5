//! The forms of the explorer.

use leptos::{
    ev::SubmitEvent,
    form::ActionForm,
    html::{Input, Textarea},
    prelude::*,
};
use leptos_router::NavigateOptions;
use web::{
    path::{LocalPath, use_local_navigate, with_query},
    ui::{FieldError, FormError, FormState, SubmitButton, move_focus},
    visitor::use_visitor,
};

use super::{
    PAGE, Pantry, SessionFacts, SessionView,
    api::{ChangePineapples, ClearSession, RememberSession, RemoveValue, RenewSession, SetValue},
};
use crate::account;

/// "Set": sets a value.
#[component]
pub(super) fn SetValueForm(view: RwSignal<SessionView>) -> impl IntoView {
    let (key, value) = (NodeRef::<Input>::new(), NodeRef::<Textarea>::new());
    let form = FormState::<SetValue>::new().on_success(move |answer| {
        view.set(answer);
        // Empty, as after the plain form.
        if let (Some(key), Some(value)) = (key.get_untracked(), value.get_untracked()) {
            key.set_value("");
            value.set_value("");
        }
    });
    let (key_error, value_error) = (form.field_error("key"), form.field_error("value"));
    view! {
        <ActionForm action=form.action attr:class="stack" attr:novalidate=true attr:aria-labelledby="set-heading">
            <h3 id="set-heading">"Set a value"</h3>
            <FormError error=form.general_error(&["key", "value"]) />
            <div class="field">
                <label for="set-key">"Key"</label>
                <input
                    node_ref=key
                    id="set-key"
                    name="key"
                    type="text"
                    autocomplete="off"
                    value=form.typed("key")
                    aria-required="true"
                    aria-invalid=move || key_error.get().map(|_| "true")
                    aria-describedby="set-key-error"
                    autofocus=key_error.get_untracked().is_some()
                />
                <FieldError id="set-key-error".to_owned() error=key_error />
            </div>
            <div class="field">
                <label for="set-value">"Value"</label>
                <textarea
                    node_ref=value
                    id="set-value"
                    name="value"
                    rows="3"
                    autocomplete="off"
                    aria-required="true"
                    aria-invalid=move || value_error.get().map(|_| "true")
                    aria-describedby="set-value-hint set-value-error"
                    autofocus=value_error.get_untracked().is_some()
                    // Leptos does not escape the children of a text area.
                    inner_html=form.typed("value").map(|typed| text_area(&typed))
                ></textarea>
                <p class="aside" id="set-value-hint">
                    "Text, a number, or JSON such as " <code>"{\"a\": [1, 2]}"</code>
                </p>
                <FieldError id="set-value-error".to_owned() error=value_error />
            </div>
            <SubmitButton pending=form.pending()>"Set"</SubmitButton>
        </ActionForm>
    }
}

/// Text as the HTML inside of a text area: escaped, after a line break, which browsers drop.
fn text_area(typed: &str) -> String {
    format!("\n{}", typed.replace('&', "&amp;").replace('<', "&lt;"))
}

/// "Get": shows the value whose `key` is in the address of the page.
#[component]
pub(super) fn GetValueForm(view: RwSignal<SessionView>, key: Signal<Option<String>>) -> impl IntoView {
    let input = NodeRef::<Input>::new();
    let navigate = use_local_navigate();
    // Navigates without loading the page, unless the address is too long.
    let get = move |event: SubmitEvent| {
        let key = input.get_untracked().map(|input| input.value());
        if let Some(target) = key.and_then(|key| LocalPath::parse(&with_query(PAGE, "key", &key))) {
            event.prevent_default();
            navigate(&target, NavigateOptions { scroll: false, ..NavigateOptions::default() });
        }
    };
    let answer = move || {
        let key = key.get()?;
        Some(match view.with(|view| view.shown(&key)) {
            Some(value) => {
                view! { <p><code>{key}</code> " is"</p> <pre class="found-value">{value}</pre> }.into_any()
            }
            None => view! { <p>"There is no value with the key " <code>{key}</code> "."</p> }.into_any(),
        })
    };
    view! {
        <form method="get" action=PAGE class="stack" aria-labelledby="get-heading" on:submit=get>
            <h3 id="get-heading">"Get a value"</h3>
            <div class="field">
                <label for="get-key">"Key"</label>
                <input node_ref=input id="get-key" name="key" autocomplete="off" value=key.get_untracked() />
            </div>
            <button type="submit" class="button">"Get"</button>
            <div aria-live="polite">{answer}</div>
        </form>
    }
}

/// "Remove": removes a value.
#[component]
pub(super) fn RemoveForm(key: String, view: RwSignal<SessionView>) -> impl IntoView {
    let form = FormState::<RemoveValue>::for_item("key", &key).on_success(move |answer| {
        view.set(answer);
        // The button is removed with its row.
        move_focus("#values-heading");
    });
    let label = format!("Remove {key}");
    view! {
        <ActionForm action=form.action>
            <input type="hidden" name="key" value=key />
            <SubmitButton pending=form.pending() class="button-quiet" label>"Remove"</SubmitButton>
            <FormError error=form.general_error(&[]) />
        </ActionForm>
    }
}

/// The number of pineapples: a change inside of a value.
#[component]
pub(super) fn PineapplesForm(view: RwSignal<SessionView>) -> impl IntoView {
    let form = FormState::<ChangePineapples>::new().on_success(move |answer| view.set(answer));
    let stored = view.with_untracked(|view| {
        let pantry: Pantry = serde_json::from_str(view.values.get("pantry")?.as_str()).ok()?;
        Some(pantry.fruit.get(Pantry::PINEAPPLES)?.to_string())
    });
    let typed = form.typed("pineapples").or(stored).unwrap_or("10".to_owned());
    let error = form.field_error("pineapples");
    view! {
        <ActionForm
            action=form.action
            attr:class="stack"
            attr:novalidate=true
            attr:aria-labelledby="pineapples-heading"
        >
            <h3 id="pineapples-heading">"Change something nested"</h3>
            <p>
                "In many frameworks a change inside of a value is lost unless the session is marked as modified. Here it is always saved, and an unchanged session is never written: watch \u{201c}Writes\u{201d} above. (Without JavaScript the message at the top of the page takes two more writes.)"
            </p>
            <FormError error=form.general_error(&["pineapples"]) />
            <div class="field field-quantity">
                <label for="pineapples">"Pineapples"</label>
                <input
                    id="pineapples"
                    name="pineapples"
                    // Not `number`: a browser would send nothing for text that is not a number.
                    type="text"
                    inputmode="numeric"
                    autocomplete="off"
                    value=typed
                    aria-invalid=move || error.get().map(|_| "true")
                    aria-describedby="pineapples-error"
                />
                <FieldError id="pineapples-error".to_owned() error />
            </div>
            <SubmitButton pending=form.pending()>"Save"</SubmitButton>
        </ActionForm>
    }
}

/// Actions on the whole session: its duration, a new id, and clearing it.
#[component]
pub(super) fn Actions(view: RwSignal<SessionView>, session: Memo<Option<SessionFacts>>) -> impl IntoView {
    let visitor = use_visitor();
    let renew = FormState::<RenewSession>::new().on_success(move |answer| view.set(answer));
    let remember = FormState::<RememberSession>::new().on_success(move |answer| {
        view.set(answer);
        if visitor.session().is_some() {
            // The warning before the end depends on the duration.
            visitor.check();
        }
    });
    let clear = FormState::<ClearSession>::new().on_success(move |answer: SessionView| {
        visitor.end();
        visitor.continue_as_guest();
        visitor.check();
        view.set(answer);
        // The button is removed with the session.
        move_focus("#session-heading");
    });
    let remembered =
        Memo::new(move |_| session.with(|facts| facts.as_ref().is_some_and(|facts| facts.remembered)));
    let signed_in = move || session.with(|facts| facts.as_ref().is_some_and(|facts| facts.signed_in));
    let unconfirmed = move || visitor.user().is_some_and(|user| !user.confirmed);
    view! {
        <div class="row">
            <ActionForm action=remember.action attr:class="row" attr:aria-label="Session duration">
                <button type="submit" class="button-quiet" aria-pressed=move || (!remembered.get()).to_string()>
                    "Until the browser closes"
                </button>
                <button
                    type="submit"
                    name="remember"
                    value="true"
                    class="button-quiet"
                    aria-pressed=move || remembered.get().to_string()
                >
                    "Remember me"
                </button>
                <FormError error=remember.general_error(&[]) />
            </ActionForm>
            <ActionForm action=renew.action>
                <SubmitButton pending=renew.pending() class="button-quiet">"Renew the id"</SubmitButton>
                <FormError error=renew.general_error(&[]) />
            </ActionForm>
            <ActionForm action=clear.action>
                <SubmitButton pending=clear.pending() class="button-quiet">"Clear the session"</SubmitButton>
                <FormError error=clear.general_error(&[]) />
            </ActionForm>
        </div>
        {move || unconfirmed().then(|| view! {
            <p class="aside">
                "To be remembered, please " <a href=account::PAGE>"confirm your password"</a> " first."
            </p>
        })}
        <p class="aside">
            "Clearing the session deletes all its values."
            {move || signed_in().then_some(" You will be signed out.")}
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Security: 3.2.2
    #[test]
    fn text_never_ends_its_text_area() {
        assert_eq!(text_area("\n</textarea>&lt;"), "\n\n&lt;/textarea>&amp;lt;");
    }
}
