//! The sign-in form and the sign-out button.

use leptos::{form::ActionForm, prelude::*};

use super::{DemoAccount, Login, Logout};
use crate::{
    error::Field,
    ui::{FormError, FormState, SubmitButton, TextField},
    visitor::use_visitor,
};

/// E-mail and password.
#[component]
pub fn LoginForm(
    /// Where to go afterwards.
    next: Option<String>,
    /// Whether to name the demo account.
    demo_account: bool,
) -> impl IntoView {
    let visitor = use_visitor();
    let form = FormState::<Login>::new().on_done(move |answer| visitor.replace(answer));
    let remember = form.typed("remember").is_some();
    let hint = demo_account.then(|| {
        view! {
            <p class="hint">
                "To try it out: " <code>{DemoAccount::EMAIL}</code> " with the password " <code>{DemoAccount::PASSWORD}</code>
            </p>
        }
    });
    view! {
        {hint}
        <ActionForm action=form.action attr:class="stack" attr:novalidate=true>
            <FormError error=form.general_error(&[Field::Email, Field::Password]) />
            {next.map(|next| view! { <input type="hidden" name="next" value=next /> })}
            <TextField
                label="E-mail"
                field=Field::Email
                kind="email"
                autocomplete="username"
                value=form.typed("email")
                problem=form.problem(Field::Email)
            />
            <TextField
                label="Password"
                field=Field::Password
                kind="password"
                autocomplete="current-password"
                problem=form.problem(Field::Password)
            />
            <label class="check">
                <input type="checkbox" name="remember" checked=remember />
                "Remember me on this device"
            </label>
            <SubmitButton pending=form.pending()>"Sign in"</SubmitButton>
        </ActionForm>
    }
}

/// "Sign out".
#[component]
pub fn LogoutForm() -> impl IntoView {
    let visitor = use_visitor();
    let form = FormState::<Logout>::new().on_done(move |guest| visitor.replace(guest));
    view! {
        <ActionForm action=form.action>
            <SubmitButton pending=form.pending() class="button-quiet">
                "Sign out"
            </SubmitButton>
        </ActionForm>
    }
}
