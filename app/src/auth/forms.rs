//! The forms to sign in, to register and to sign out.

use leptos::{form::ActionForm, prelude::*, task::spawn_local};

use web::{
    ui::{FormError, FormState, PasswordField, SubmitButton, TextField},
    visitor::use_visitor,
};

use super::{DemoAccount, Login, Logout, NewPassword, Register, api::list_common_passwords};

/// E-mail and password.
#[component]
pub fn LoginForm(
    /// The page after success.
    #[prop(optional_no_strip)]
    next: Option<String>,
    /// Whether the hydrated form stays on its page.
    #[prop(default = false)]
    stay: bool,
    /// Whether to show the demo account.
    demo_account: bool,
    /// The initial address.
    #[prop(optional_no_strip)]
    email: Option<String>,
) -> impl IntoView {
    let visitor = use_visitor();
    let form = FormState::<Login>::new();
    let form = if stay { form.stay_on_page() } else { form };
    let form = form.on_success(move |answer| {
        if stay {
            // Reloads the page if another user has signed in.
            visitor.refresh(answer);
        } else {
            visitor.replace(answer);
        }
    });
    let remember = form.typed("remember").is_some();
    let hint = demo_account.then(|| {
        view! {
            <p class="hint">
                "Demo account: " <code>{DemoAccount::EMAIL}</code> " with the password " <code>{DemoAccount::PASSWORD}</code>
            </p>
        }
    });
    view! {
        {hint}
        <ActionForm action=form.action attr:class="stack" attr:novalidate=true>
            <FormError error=form.general_error(&["email", "password"]) />
            {next.map(|next| view! { <input type="hidden" name="next" value=next /> })}
            <TextField
                label="E-mail"
                name="email"
                prefix="login-"
                kind="email"
                autocomplete="username"
                value=form.typed("email").or(email)
                error=form.field_error("email")
            />
            <PasswordField
                label="Password"
                name="password"
                prefix="login-"
                autocomplete="current-password"
                error=form.field_error("password")
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
    /// The page after success.
    next: Option<String>,
) -> impl IntoView {
    let visitor = use_visitor();
    let form = FormState::<Register>::new().on_success(move |answer| visitor.replace(answer));
    let filled = |field| RwSignal::new(form.typed(field).unwrap_or_default());
    let (name, email) = (filled("name"), filled("email"));
    // The server trims both, too, before it compares the password with them.
    let about = Signal::derive(move || vec![name.get().trim().to_owned(), email.get().trim().to_owned()]);
    view! {
        <ActionForm action=form.action attr:class="stack" attr:novalidate=true>
            <FormError error=form.general_error(&["name", "email", "password"]) />
            {next.map(|next| view! { <input type="hidden" name="next" value=next /> })}
            <TextField
                label="Name"
                name="name"
                autocomplete="name"
                value=form.typed("name")
                error=form.field_error("name")
                on:input=move |event| name.set(event_target_value(&event))
            />
            <TextField
                label="E-mail"
                name="email"
                kind="email"
                autocomplete="username"
                value=form.typed("email")
                error=form.field_error("email")
                on:input=move |event| email.set(event_target_value(&event))
            />
            <NewPasswordField label="Password" name="password" about error=form.field_error("password") />
            <SubmitButton pending=form.pending()>"Create account"</SubmitButton>
        </ActionForm>
    }
}

/// A field for a new password, with a meter that shows while typing why the password is refused, or how strong it is.
#[component]
pub fn NewPasswordField(
    label: &'static str,
    /// The field's name in the form.
    name: &'static str,
    /// What is known about the user: the name and the e-mail address.
    about: Signal<Vec<String>>,
    /// What is wrong with it.
    error: Signal<Option<String>>,
    /// Empties the field when it changes.
    #[prop(optional)]
    clear: Option<Signal<u32>>,
) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let common = RwSignal::new(None::<Vec<String>>);
    // The list is loaded once, when the user begins to type.
    Effect::new(move |asked: Option<bool>| {
        let begun = typed.with(|typed| !typed.is_empty());
        if begun && asked != Some(true) {
            spawn_local(async move {
                // Without it, the server still refuses them.
                common.set(list_common_passwords().await.ok().map(|list| list.passwords));
            });
        }
        begun || asked == Some(true)
    });
    let checked = Memo::new(move |_| {
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
    let text = move || match checked.get() {
        None => format!("At least {} characters. A few words make a good password.", NewPassword::MIN_CHARS),
        Some(Ok(strength)) => strength.text().to_owned(),
        Some(Err(invalid)) => invalid.to_string(),
    };
    let level = move || match checked.get() {
        None => "none",
        Some(Err(_)) => "weak",
        Some(Ok(strength)) => strength.name(),
    };
    let hint_id = format!("{name}-hint");
    let hint = move || {
        view! {
            <p class="strength" id=hint_id.clone() data-level=level aria-live="polite">
                {text}
            </p>
        }
    };
    view! {
        <PasswordField label name autocomplete="new-password" error hint=ViewFn::from(hint) typed clear=clear.unwrap_or_else(|| Signal::stored(0)) />
    }
}

/// "Sign out".
#[component]
pub fn LogoutForm() -> impl IntoView {
    let visitor = use_visitor();
    let form = FormState::<Logout>::new().on_success(move |guest| visitor.replace(guest));
    view! {
        <ActionForm action=form.action>
            <SubmitButton pending=form.pending() class="button-quiet">
                "Sign out"
            </SubmitButton>
        </ActionForm>
    }
}
