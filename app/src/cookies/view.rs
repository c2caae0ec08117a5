//! The lab's form, and the table of what the server received.

use leptos::{form::ActionForm, prelude::*};

use web::ui::{FormError, FormState, SubmitButton, TextField, move_focus};

use super::{
    ReceivedCookie,
    api::{DeleteCookie, SetCookie, TamperCookie},
};

/// A form for a cookie, and all cookies that the server received.
#[component]
pub(super) fn CookiePanel(cookies: Vec<ReceivedCookie>) -> impl IntoView {
    let cookies = RwSignal::new(cookies);
    view! {
        <section class="cookie-form" aria-labelledby="set-heading">
            <h2 id="set-heading">"Set a cookie"</h2>
            <SetForm cookies />
        </section>
        <section class="cookies-received" aria-labelledby="received-heading">
            <h2 id="received-heading" tabindex="-1">"What the server received"</h2>
            <p>
                "Unlike the session\u{2019}s own cookie, these cookies can be changed by scripts and in your browser\u{2019}s developer tools: "
                "change one there and reload this page. " <strong>"Tamper"</strong>
                " does the same for you: it changes the value and keeps the signature. "
                "The server accepts a changed plain cookie, but detects a changed signed one, because only the server has the key. "
                "Tamper again to restore the value. Servers cannot see the age of a cookie, so a changed one lasts until the browser closes."
            </p>
            <Show
                when=move || cookies.with(|cookies| !cookies.is_empty())
                fallback=|| view! { <p class="empty">"Your browser has not sent any cookies yet."</p> }
            >
                <CookieTable cookies />
            </Show>
        </section>
    }
}

#[component]
fn SetForm(cookies: RwSignal<Vec<ReceivedCookie>>) -> impl IntoView {
    let form = FormState::<SetCookie>::new().on_success(move |answer| cookies.set(answer));
    let signed = form.typed("signed").is_some();
    view! {
        // Phones must not capitalize or correct names.
        <ActionForm
            action=form.action
            attr:class="stack"
            attr:novalidate=true
            attr:autocapitalize="none"
            attr:spellcheck="false"
        >
            <FormError error=form.general_error(&["name", "value", "max_age"]) />
            <TextField
                label="Name"
                name="name"
                autocomplete="off"
                value=form.typed("name")
                error=form.field_error("name")
            />
            <TextField
                label="Value"
                name="value"
                autocomplete="off"
                required=false
                value=form.typed("value")
                error=form.field_error("value")
            />
            <TextField
                label="Max-Age in seconds"
                name="max_age"
                autocomplete="off"
                required=false
                hint="If empty, the cookie lasts until the browser closes."
                value=form.typed("max_age")
                error=form.field_error("max_age")
            />
            <label class="check">
                <input type="checkbox" name="signed" checked=signed />
                "Sign it"
            </label>
            <SubmitButton pending=form.pending()>"Set cookie"</SubmitButton>
        </ActionForm>
    }
}

/// The table needs explicit roles, because its style on phones removes the implicit ones.
#[component]
fn CookieTable(cookies: RwSignal<Vec<ReceivedCookie>>) -> impl IntoView {
    view! {
        <table class="cookies" role="table" aria-labelledby="received-heading">
            <thead role="rowgroup">
                <tr role="row">
                    <th scope="col" role="columnheader">"Name"</th>
                    <th scope="col" role="columnheader">"Value"</th>
                    <th scope="col" role="columnheader">"How the server reads it"</th>
                    <th scope="col" role="columnheader">"Actions"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">
                <For
                    each=move || cookies.get().into_iter().enumerate()
                    // A row stays while its value changes, so that its buttons keep the focus.
                    key=|(index, cookie)| (*index, cookie.name.clone())
                    let:row
                >
                    <CookieRow index=row.0 initial=row.1 cookies />
                </For>
            </tbody>
        </table>
        <p class="field-hint">
            "The " <mark>"marked"</mark> " part of a value is its signature, and " <code>"s:"</code>
            " is the prefix of signed values. In your browser the values of this page begin with " <code>"lab:"</code>
            ", which is not shown here. Keep this prefix when you change a value there: values without it are hidden."
        </p>
    }
}

#[component]
fn CookieRow(index: usize, initial: ReceivedCookie, cookies: RwSignal<Vec<ReceivedCookie>>) -> impl IntoView {
    let name = initial.name.clone();
    let forms = initial.is_lab().then(|| view! { <RowForms name=name.clone() cookies /> });
    let cookie = Memo::new(move |_| cookies.with(|cookies| cookies.get(index).unwrap_or(&initial).clone()));
    let state = move || cookie.get().state;
    let state_name = move || <&str>::from(state());
    // The value with the signature marked.
    let value = move || {
        let cookie = cookie.get();
        let text = format!("{}{}", cookie.state.prefix(), cookie.value);
        let signature = cookie.signature.map(|signature| view! { "." <mark>{signature}</mark> });
        view! { <code>{text} {signature}</code> }
    };
    view! {
        <tr role="row">
            <th scope="row" role="rowheader"><code>{name}</code></th>
            <td role="cell" data-label="Value">{value}</td>
            <td role="cell" data-label="The server" data-state=state_name aria-live="polite">
                {move || state().text()}
            </td>
            <td role="cell">{forms}</td>
        </tr>
    }
}

#[component]
fn RowForms(name: String, cookies: RwSignal<Vec<ReceivedCookie>>) -> impl IntoView {
    let tamper =
        FormState::<TamperCookie>::for_item("name", &name).on_success(move |answer| cookies.set(answer));
    let delete = FormState::<DeleteCookie>::for_item("name", &name).on_success(move |answer| {
        cookies.set(answer);
        // The button is removed with its row.
        move_focus("#received-heading");
    });
    let [tamper_label, delete_label] = [format!("Tamper with {name}"), format!("Delete {name}")];
    let same_name = name.clone();
    view! {
        <div class="row">
            <ActionForm action=tamper.action>
                <input type="hidden" name="name" value=same_name />
                <SubmitButton pending=tamper.pending() class="button-quiet" label=tamper_label>"Tamper"</SubmitButton>
                <FormError error=tamper.general_error(&[]) />
            </ActionForm>
            <ActionForm action=delete.action>
                <input type="hidden" name="name" value=name />
                <SubmitButton pending=delete.pending() class="button-quiet" label=delete_label>"Delete"</SubmitButton>
                <FormError error=delete.general_error(&[]) />
            </ActionForm>
        </div>
    }
}
