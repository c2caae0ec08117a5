//! The explorer's forms.

use leptos::{
    ev::SubmitEvent,
    form::ActionForm,
    html::{Input, Textarea},
    prelude::*,
};
use leptos_router::NavigateOptions;

use super::{
    ChangePineapples, ClearSession, Pantry, RememberSession, RenewSession, SessionFacts, SessionView,
    SetValue,
};
use crate::{
    error::Field,
    nav::{self, LocalPath},
    ui::{FieldError, FormError, FormState, SubmitButton, move_focus},
    visitor::{Visitor, use_visitor},
};

/// "Set": keeps a value under a key.
#[component]
pub(super) fn SetValueForm(view: RwSignal<SessionView>) -> impl IntoView {
    let (key, value) = (NodeRef::<Input>::new(), NodeRef::<Textarea>::new());
    let form = FormState::<SetValue>::new().on_done(move |answer| {
        view.set(answer);
        // As the page would be after the plain form.
        if let (Some(key), Some(value)) = (key.get_untracked(), value.get_untracked()) {
            key.set_value("");
            value.set_value("");
        }
    });
    let (wrong_key, wrong_value) = (form.problem(Field::Key), form.problem(Field::Value));
    view! {
        <ActionForm action=form.action attr:class="stack" attr:novalidate=true attr:aria-labelledby="set-heading">
            <h3 id="set-heading">"Set a value"</h3>
            <FormError error=form.general_error(&[Field::Key, Field::Value]) />
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
                    aria-invalid=move || wrong_key.get().map(|_| "true")
                    aria-describedby="set-key-error"
                    autofocus=wrong_key.get_untracked().is_some()
                />
                <FieldError id="set-key-error".to_owned() problem=wrong_key />
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
                    aria-invalid=move || wrong_value.get().map(|_| "true")
                    aria-describedby="set-value-hint set-value-error"
                    autofocus=wrong_value.get_untracked().is_some()
                    // Leptos writes a text area's children as they are, markup and all.
                    inner_html=form.typed("value").map(|typed| text_area(&typed))
                ></textarea>
                <p class="aside" id="set-value-hint">
                    "Text, a number, or JSON such as " <code>"{\"a\": [1, 2]}"</code>
                </p>
                <FieldError id="set-value-error".to_owned() problem=wrong_value />
            </div>
            <SubmitButton pending=form.pending()>"Set"</SubmitButton>
        </ActionForm>
    }
}

/// What was typed, as the HTML inside of a text area: no markup, and with a line break in front, which browsers leave out.
fn text_area(typed: &str) -> String {
    format!("\n{}", typed.replace('&', "&amp;").replace('<', "&lt;"))
}

/// "Get": shows the value under a key, by an address of its own.
#[component]
pub(super) fn GetValueForm(view: RwSignal<SessionView>, asked: Signal<Option<String>>) -> impl IntoView {
    let key = NodeRef::<Input>::new();
    let navigate = nav::use_local_navigate();
    // The same address as the plain form leads to, without loading the page. A key that is too long for one is left to the plain form.
    let get = move |event: SubmitEvent| {
        let target = key.get_untracked().and_then(|key| LocalPath::parse(&nav::session_value(&key.value())));
        if let Some(target) = target {
            event.prevent_default();
            let options = NavigateOptions { scroll: false, ..NavigateOptions::default() };
            navigate(&target, options);
        }
    };
    let answer = move || {
        asked.get().map(|key| match view.with(|view| view.shown(&key)) {
            Some(value) => {
                view! { <p><code>{key}</code> " is"</p> <pre class="found-value">{value}</pre> }.into_any()
            }
            None => view! { <p>"There is nothing under the key " <code>{key}</code> "."</p> }.into_any(),
        })
    };
    view! {
        <form method="get" action=nav::SESSION class="stack" aria-labelledby="get-heading" on:submit=get>
            <h3 id="get-heading">"Get a value"</h3>
            <div class="field">
                <label for="get-key">"Key"</label>
                <input
                    node_ref=key
                    id="get-key"
                    name="key"
                    type="text"
                    autocomplete="off"
                    value=asked.get_untracked()
                />
            </div>
            <button type="submit" class="button">
                "Get"
            </button>
            <div aria-live="polite">{answer}</div>
        </form>
    }
}

/// The pineapples: a change inside of a value.
#[component]
pub(super) fn PineapplesForm(view: RwSignal<SessionView>) -> impl IntoView {
    let form = FormState::<ChangePineapples>::new().on_done(move |answer| view.set(answer));
    let kept = view.with_untracked(|view| {
        let pantry: Pantry = serde_json::from_str(view.values.get("pantry")?.as_str()).ok()?;
        Some(pantry.fruit.get(Pantry::PINEAPPLES)?.to_string())
    });
    let typed = form.typed("pineapples").or(kept).unwrap_or("10".to_owned());
    let problem = form.problem(Field::Pineapples);
    view! {
        <ActionForm
            action=form.action
            attr:class="stack"
            attr:novalidate=true
            attr:aria-labelledby="pineapples-heading"
        >
            <h3 id="pineapples-heading">"Change something nested"</h3>
            <p>
                "Elsewhere a change inside of a value is lost unless the session is told of it. Here it is always saved, and what stays as it is is never written: watch \u{201c}Written\u{201d} above. (Without JavaScript each message at the head of the page is kept and removed there, too.)"
            </p>
            <FormError error=form.general_error(&[Field::Pineapples]) />
            <div class="field field-quantity">
                <label for="pineapples">"Pineapples"</label>
                <input
                    id="pineapples"
                    name="pineapples"
                    // Not `number`: a browser would send nothing in place of a typing error, which could not be told.
                    type="text"
                    inputmode="numeric"
                    autocomplete="off"
                    value=typed
                    aria-invalid=move || problem.get().map(|_| "true")
                    aria-describedby="pineapples-error"
                />
                <FieldError id="pineapples-error".to_owned() problem />
            </div>
            <SubmitButton pending=form.pending()>"Count them"</SubmitButton>
        </ActionForm>
    }
}

/// What concerns the whole session: a new id, how long it lasts, and its end.
#[component]
pub(super) fn Actions(view: RwSignal<SessionView>, session: Memo<Option<SessionFacts>>) -> impl IntoView {
    let visitor = use_visitor();
    let renew = FormState::<RenewSession>::new().on_done(move |answer| view.set(answer));
    let remember = FormState::<RememberSession>::new().on_done(move |answer| {
        view.set(answer);
        if visitor.session().is_some() {
            // The clocks of a signed-in user are watched.
            visitor.check();
        }
    });
    let clear = FormState::<ClearSession>::new().on_done(move |answer: SessionView| {
        visitor.replace(Visitor::default());
        view.set(answer);
        // The button is gone with the session.
        move_focus("#session-heading");
    });
    let pressed = move |chosen: bool| {
        let is_chosen = session.with(|facts| facts.as_ref().is_some_and(|facts| facts.remembered == chosen));
        if is_chosen { "true" } else { "false" }
    };
    let signed_in = move || session.with(|facts| facts.as_ref().is_some_and(|facts| facts.signed_in));
    let unconfirmed = move || visitor.user().is_some_and(|user| !user.confirmed);
    view! {
        <div class="row">
            <ActionForm action=remember.action attr:class="row" attr:aria-label="How long it lasts">
                <button type="submit" class="button-quiet" aria-pressed=move || pressed(false)>
                    "Until the browser closes"
                </button>
                <button type="submit" name="remember" value="true" class="button-quiet" aria-pressed=move || pressed(true)>
                    "Remember me"
                </button>
                <FormError error=remember.general_error(&[]) />
            </ActionForm>
            <ActionForm action=renew.action>
                <SubmitButton pending=renew.pending() class="button-quiet">
                    "Renew the id"
                </SubmitButton>
                <FormError error=renew.general_error(&[]) />
            </ActionForm>
            <ActionForm action=clear.action>
                <SubmitButton pending=clear.pending() class="button-quiet">
                    "Clear the session"
                </SubmitButton>
                <FormError error=clear.general_error(&[]) />
            </ActionForm>
        </div>
        {move || unconfirmed().then(|| view! {
            <p class="aside">
                "To be remembered, " <a href=nav::ACCOUNT>"confirm your password"</a> " first."
            </p>
        })}
        <p class="aside">
            "Clearing ends the session with all that is in it."
            {move || signed_in().then_some(" You will be signed out.")}
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_never_ends_its_text_area() {
        assert_eq!(text_area("\n</textarea>&lt;"), "\n\n&lt;/textarea>&amp;lt;");
    }
}
