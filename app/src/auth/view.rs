//! The forms to sign in, to register and to sign out.

use leptos::{form::ActionForm, prelude::*, task::spawn_local};

use super::{DemoAccount, Login, Logout, NewPassword, Register, list_common_passwords};
use crate::{
    error::{Field, Problem},
    ui::{FormError, FormState, PasswordField, SubmitButton, TextField},
    visitor::use_visitor,
};

/// E-mail and password.
#[component]
pub fn LoginForm(
    /// Where to go afterwards.
    #[prop(optional_no_strip)]
    next: Option<String>,
    /// Whether the hydrated form stays on its page, wherever else it would lead.
    #[prop(default = false)]
    stay: bool,
    /// Whether to name the demo account.
    demo_account: bool,
    /// The address, where it is known.
    #[prop(optional_no_strip)]
    email: Option<String>,
) -> impl IntoView {
    let visitor = use_visitor();
    let form = FormState::<Login>::new().staying(stay).on_done(move |answer| {
        if stay {
            // Somebody else's page is loaded anew.
            visitor.refresh(answer);
        } else {
            visitor.replace(answer);
        }
    });
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
                prefix="login-"
                kind="email"
                autocomplete="username"
                value=form.typed("email").or(email)
                problem=form.problem(Field::Email)
            />
            <PasswordField
                label="Password"
                field=Field::Password
                prefix="login-"
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

/// Name, e-mail and password of a new account.
#[component]
pub fn RegisterForm(
    /// Where to go afterwards.
    next: Option<String>,
) -> impl IntoView {
    let visitor = use_visitor();
    let form = FormState::<Register>::new().on_done(move |answer| visitor.replace(answer));
    let filled = |field| RwSignal::new(form.typed(field).unwrap_or_default());
    let (name, email) = (filled("name"), filled("email"));
    // The server trims both before it compares the password with them.
    let about = Signal::derive(move || vec![name.get().trim().to_owned(), email.get().trim().to_owned()]);
    view! {
        <ActionForm action=form.action attr:class="stack" attr:novalidate=true>
            <FormError error=form.general_error(&[Field::Name, Field::Email, Field::Password]) />
            {next.map(|next| view! { <input type="hidden" name="next" value=next /> })}
            <TextField
                label="Name"
                field=Field::Name
                autocomplete="name"
                value=form.typed("name")
                problem=form.problem(Field::Name)
                on:input=move |event| name.set(event_target_value(&event))
            />
            <TextField
                label="E-mail"
                field=Field::Email
                kind="email"
                autocomplete="username"
                value=form.typed("email")
                problem=form.problem(Field::Email)
                on:input=move |event| email.set(event_target_value(&event))
            />
            <NewPasswordField label="Password" field=Field::Password about problem=form.problem(Field::Password) />
            <SubmitButton pending=form.pending()>"Create account"</SubmitButton>
        </ActionForm>
    }
}

/// A field for a new password, with a meter that says while one types why the password will not do, or how good it is.
#[component]
pub fn NewPasswordField(
    /// What the field is called on the page.
    label: &'static str,
    /// Which field of the form it is.
    field: Field,
    /// What a password must not be made of, besides the words of the site: the name, the e-mail address.
    about: Signal<Vec<String>>,
    /// What is wrong with it, as the server says.
    problem: Signal<Option<Problem>>,
    /// Changes when the form has done its work.
    #[prop(optional)]
    done: Option<Signal<u32>>,
) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let common = RwSignal::new(None::<Vec<String>>);
    // The list is asked for when somebody begins to type, once.
    Effect::new(move |asked: Option<bool>| {
        let begun = typed.with(|typed| !typed.is_empty());
        if begun && asked != Some(true) {
            spawn_local(async move {
                // Without it the server's word has to do.
                common.set(list_common_passwords().await.ok().map(|list| list.passwords));
            });
        }
        begun || asked == Some(true)
    });
    let judged = Memo::new(move |_| {
        let about = about.get();
        let about: Vec<&str> = about.iter().map(String::as_str).collect();
        let is_common = |text: &str| {
            common.with(|list| list.as_ref().is_some_and(|list| list.iter().any(|common| common == text)))
        };
        typed.with(|typed| {
            (!typed.is_empty())
                .then(|| NewPassword::parse(typed, &about, is_common).map(|new| new.strength()))
        })
    });
    let words = move || match judged.get() {
        None => format!("At least {} characters; a few words make a good one.", NewPassword::MIN_CHARS),
        Some(Ok(strength)) => strength.words().to_owned(),
        Some(Err(problem)) => problem.to_string(),
    };
    let level = move || match judged.get() {
        None => "none",
        Some(Err(_)) => "weak",
        Some(Ok(strength)) => strength.name(),
    };
    let hint_id = format!("{}-hint", field.name());
    let hint = move || {
        view! {
            <p class="strength" id=hint_id.clone() data-level=level aria-live="polite">
                {words}
            </p>
        }
    };
    view! {
        <PasswordField label field autocomplete="new-password" problem hint=ViewFn::from(hint) typed done=done.unwrap_or_else(|| Signal::stored(0)) />
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
