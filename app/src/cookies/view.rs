//! The lab's form, and the table of what the server received.

use leptos::{form::ActionForm, prelude::*};

use super::{CookieState, DeleteCookie, ReceivedCookie, SetCookie, TamperCookie};
use crate::{
    error::Field,
    ui::{FormError, FormState, SubmitButton, TextField, move_focus},
};

/// A form for a cookie, and all cookies that the server received.
#[component]
pub fn CookiePanel(
    /// The cookies as the page was opened.
    cookies: Vec<ReceivedCookie>,
) -> impl IntoView {
    let cookies = RwSignal::new(cookies);
    view! {
        <section class="cookie-form" aria-labelledby="set-heading">
            <h2 id="set-heading">"Set a cookie"</h2>
            <SetForm cookies />
        </section>
        <section class="cookies-received" aria-labelledby="received-heading">
            <h2 id="received-heading" tabindex="-1">
                "What the server received"
            </h2>
            <Explanation />
            <Show
                when=move || cookies.with(|cookies| !cookies.is_empty())
                fallback=|| view! { <p class="empty">"Your browser has sent no cookie yet."</p> }
            >
                <CookieTable cookies />
            </Show>
        </section>
    }
}

#[component]
fn Explanation() -> impl IntoView {
    view! {
        <p>
            "Unlike the session\u{2019}s own cookie, the others are open to scripts and to your browser\u{2019}s developer tools: "
            "change one there and load this page again. " <strong>"Tamper"</strong>
            " does the same for you: it sends the cookie with another value and the signature it had. "
            "A plain cookie is believed all the same. A signed one is found out, because only the server has the key; pressed again, "
            "the old value is back and fits. How long a cookie was to stay no server can see: a tampered one stays until the browser closes."
        </p>
    }
}

#[component]
fn SetForm(cookies: RwSignal<Vec<ReceivedCookie>>) -> impl IntoView {
    let form = FormState::<SetCookie>::new().on_done(move |answer| cookies.set(answer));
    let signed = form.typed("signed").is_some();
    view! {
        // No phone is to begin a name with a capital, or to mend its spelling.
        <ActionForm
            action=form.action
            attr:class="stack"
            attr:novalidate=true
            attr:autocapitalize="none"
            attr:spellcheck="false"
        >
            <FormError error=form.general_error(&[Field::Name, Field::Value, Field::MaxAge]) />
            <TextField
                label="Name"
                field=Field::Name
                autocomplete="off"
                value=form.typed(Field::Name.name())
                problem=form.problem(Field::Name)
            />
            <TextField
                label="Value"
                field=Field::Value
                autocomplete="off"
                required=false
                value=form.typed(Field::Value.name())
                problem=form.problem(Field::Value)
            />
            <TextField
                label="Max-Age in seconds"
                field=Field::MaxAge
                autocomplete="off"
                required=false
                hint="Left empty, the cookie ends with the browser."
                value=form.typed(Field::MaxAge.name())
                problem=form.problem(Field::MaxAge)
            />
            <label class="check">
                <input type="checkbox" name="signed" checked=signed />
                "Sign it"
            </label>
            <SubmitButton pending=form.pending()>"Set cookie"</SubmitButton>
        </ActionForm>
    }
}

/// The roles are written down because the table's parts are no table to a browser once a phone shows them one below the other.
#[component]
fn CookieTable(cookies: RwSignal<Vec<ReceivedCookie>>) -> impl IntoView {
    view! {
        <table class="cookies" role="table" aria-labelledby="received-heading">
            <thead role="rowgroup">
                <tr role="row">
                    <th scope="col" role="columnheader">"Name"</th>
                    <th scope="col" role="columnheader">"Value"</th>
                    <th scope="col" role="columnheader">"What the server makes of it"</th>
                    <th scope="col" role="columnheader">"Actions"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">
                <For each=move || cookies.with(|cookies| places(cookies)) key=Clone::clone let:place>
                    <CookieRow place cookies />
                </For>
            </tbody>
        </table>
        <p class="field-hint">
            "The " <mark>"marked"</mark> " part of a value is its signature; " <code>"s:"</code>
            " says that there is one. In your browser the cookies of this page begin with " <code>"lab:"</code>
            ", which is left out here: the server hides the values of all cookies without it. Leave it in place \
            when you change one there."
        </p>
    }
}

/// A cookie's name, and how many of the same name come before it. It stays the same while the value changes, and the focus with it.
type Place = (String, usize);

fn places(cookies: &[ReceivedCookie]) -> Vec<Place> {
    let before =
        |index: usize, name: &str| cookies[..index].iter().filter(|cookie| cookie.name == name).count();
    let place =
        |(index, cookie): (usize, &ReceivedCookie)| (cookie.name.clone(), before(index, &cookie.name));
    cookies.iter().enumerate().map(place).collect()
}

#[component]
fn CookieRow(place: Place, cookies: RwSignal<Vec<ReceivedCookie>>) -> impl IntoView {
    let (name, nth) = place;
    let cookie = Memo::new({
        let name = name.clone();
        move |_| cookies.with(|cookies| cookies.iter().filter(|cookie| cookie.name == name).nth(nth).cloned())
    });
    let state = Memo::new(move |_| cookie.get().map_or(CookieState::Other, |cookie| cookie.state));
    let kind = move || state.get().kind();
    let forms = state.get_untracked().is_lab().then(|| view! { <RowForms name=name.clone() cookies /> });
    view! {
        <tr role="row">
            <th scope="row" role="rowheader">
                <code>{name}</code>
            </th>
            <td role="cell" data-label="Value">
                {move || cookie.get().map(|cookie| view! { <CookieText cookie /> })}
            </td>
            <td role="cell" data-label="The server" data-state=kind aria-live="polite">
                {move || state.get().words()}
            </td>
            <td role="cell">{forms}</td>
        </tr>
    }
}

/// The text as it travels, without the lab's mark, and with the signature marked.
#[component]
fn CookieText(cookie: ReceivedCookie) -> impl IntoView {
    let text = format!("{}{}", cookie.state.prefix(), cookie.value);
    let signature = cookie.signature.map(|signature| view! { "." <mark>{signature}</mark> });
    view! { <code>{text} {signature}</code> }
}

#[component]
fn RowForms(name: String, cookies: RwSignal<Vec<ReceivedCookie>>) -> impl IntoView {
    let tamper =
        FormState::<TamperCookie>::for_item(Field::Name, &name).on_done(move |answer| cookies.set(answer));
    // The button that had the focus goes with its row.
    let delete = FormState::<DeleteCookie>::for_item(Field::Name, &name).on_done(move |answer| {
        cookies.set(answer);
        move_focus("#received-heading");
    });
    let [tamper_label, delete_label] = [format!("Tamper with {name}"), format!("Delete {name}")];
    let same_name = name.clone();
    view! {
        <div class="row">
            <ActionForm action=tamper.action>
                <input type="hidden" name="name" value=same_name />
                <SubmitButton pending=tamper.pending() class="button-quiet" label=tamper_label>
                    "Tamper"
                </SubmitButton>
                <FormError error=tamper.general_error(&[]) />
            </ActionForm>
            <ActionForm action=delete.action>
                <input type="hidden" name="name" value=name />
                <SubmitButton pending=delete.pending() class="button-quiet" label=delete_label>
                    "Delete"
                </SubmitButton>
                <FormError error=delete.general_error(&[]) />
            </ActionForm>
        </div>
    }
}
