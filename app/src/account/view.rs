//! The parts of the account page.

use leptos::{form::ActionForm, prelude::*};

use web::{
    feature::EXPECTED_USER,
    ui::{FormError, FormState, PasswordField, SubmitButton, TextField, Time, move_focus},
    visitor::use_visitor,
};

use super::{ChangeName, ChangePassword, Confirm, DeleteAccount, Device, RevokeDevice, RevokeOtherDevices};
use crate::auth::NewPasswordField;

/// The user's devices, with "Sign out" for each and for all others.
#[component]
pub fn DeviceList(
    /// The devices when the page was opened.
    devices: Vec<Device>,
) -> impl IntoView {
    let devices = RwSignal::new(devices);
    let others = FormState::<RevokeOtherDevices>::new().on_success(move |answer| devices.set(answer));
    let has_others = move || devices.with(|devices| devices.len() > 1);
    view! {
        <ul class="devices" role="list">
            <For each=move || devices.get() key=|device| device.device.clone() let:device>
                <DeviceRow device devices />
            </For>
        </ul>
        <Show when=has_others>
            <ActionForm action=others.action>
                <SubmitButton pending=others.pending() class="button-quiet">
                    "Sign out everywhere else"
                </SubmitButton>
                <FormError error=others.general_error(&[]) />
            </ActionForm>
        </Show>
    }
}

#[component]
fn DeviceRow(device: Device, devices: RwSignal<Vec<Device>>) -> impl IntoView {
    let name = device.name.to_string();
    let label = format!("Sign out {name}");
    let revoke = FormState::<RevokeDevice>::for_item("device", &device.device)
        .on_success(move |answer| devices.set(answer));
    let (first, last) = (device.first_at, device.last_at);
    let address = device.address.map(|address| view! { <dt>"Address"</dt><dd>{address}</dd> });
    let sign_out = (!device.current).then(|| {
        view! {
            <ActionForm action=revoke.action>
                <input type="hidden" name="device" value=device.device />
                <SubmitButton pending=revoke.pending() class="button-quiet" label>
                    "Sign out"
                </SubmitButton>
                <FormError error=revoke.general_error(&[]) />
            </ActionForm>
        }
    });
    view! {
        <li class="device">
            <div>
                <h3>{name.clone()}</h3>
                {device.current.then(|| view! { <p class="here">"This device"</p> })}
                <dl class="facts">
                    {address} <dt>"Signed in"</dt> <dd>
                        <Time seconds=Some(first) />
                    </dd> <dt>"Last used"</dt> <dd>
                        <Time seconds=Some(last) />
                    </dd>
                </dl>
            </div>
            {sign_out}
        </li>
    }
}

/// Name, password, and deleting the account. The last two ask for the password first, unless it was typed within the last ten minutes.
#[component]
pub fn AccountSettings() -> impl IntoView {
    let visitor = use_visitor();
    let unconfirmed = move || visitor.user().is_some_and(|user| !user.confirmed);
    // The form that was refused is hidden now, and had the focus.
    Effect::new(move |before: Option<bool>| {
        let now = unconfirmed();
        if now && before == Some(false) {
            move_focus("#confirm-password");
        }
        now
    });
    view! {
        <section aria-labelledby="name-heading">
            <h2 id="name-heading">"Your name"</h2>
            <NameForm />
        </section>
        <Show when=unconfirmed>
            <section aria-labelledby="confirm-heading">
                <h2 id="confirm-heading">"Confirm your password"</h2>
                <p>"Please enter your password again to change it or to delete your account."</p>
                <ConfirmForm />
            </section>
        </Show>
        // Hidden, not removed, so that what was typed is still there after the confirmation.
        <div hidden=unconfirmed>
            <section aria-labelledby="password-heading">
                <h2 id="password-heading">"Your password"</h2>
                <PasswordForm />
            </section>
            <section aria-labelledby="remove-heading">
                <h2 id="remove-heading">"Delete your account"</h2>
                <p>"Your account and everything that belongs to it will be deleted. This cannot be undone."</p>
                <DeleteForm />
            </section>
        </div>
    }
}

#[component]
fn NameForm() -> impl IntoView {
    let visitor = use_visitor();
    let form = FormState::<ChangeName>::new().on_success(move |answer| visitor.replace(answer));
    let name = form.typed("name").or_else(|| untrack(|| visitor.user()).map(|user| user.name));
    view! {
        <ActionForm action=form.action attr:class="stack" attr:novalidate=true>
            <FormError error=form.general_error(&["name"]) />
            <input type="hidden" name=EXPECTED_USER value=move || visitor.user().map(|user| user.email) />
            <TextField
                label="Name"
                name="name"
                autocomplete="name"
                value=name
                error=form.field_error("name")
            />
            <SubmitButton pending=form.pending()>"Change name"</SubmitButton>
        </ActionForm>
    }
}

#[component]
fn ConfirmForm() -> impl IntoView {
    let visitor = use_visitor();
    let form = FormState::<Confirm>::new().on_success(move |answer| visitor.replace(answer));
    view! {
        <ActionForm action=form.action attr:class="stack" attr:novalidate=true>
            <FormError error=form.general_error(&["password"]) />
            <PasswordField
                label="Password"
                name="password"
                prefix="confirm-"
                autocomplete="current-password"
                error=form.field_error("password")
            />
            <SubmitButton pending=form.pending()>"Confirm"</SubmitButton>
        </ActionForm>
    }
}

#[component]
fn PasswordForm() -> impl IntoView {
    let visitor = use_visitor();
    let form = FormState::<ChangePassword>::new().on_success(move |answer| visitor.replace(answer));
    let about =
        Signal::derive(move || visitor.user().map(|user| vec![user.name, user.email]).unwrap_or_default());
    view! {
        <ActionForm action=form.action attr:class="stack" attr:novalidate=true>
            <FormError error=form.general_error(&["current", "new"]) />
            <PasswordField
                label="Current password"
                name="current"
                autocomplete="current-password"
                error=form.field_error("current")
                clear=form.success_count()
            />
            <NewPasswordField
                label="New password"
                name="new"
                about
                error=form.field_error("new")
                clear=form.success_count()
            />
            <SubmitButton pending=form.pending()>"Change password"</SubmitButton>
        </ActionForm>
    }
}

#[component]
fn DeleteForm() -> impl IntoView {
    let visitor = use_visitor();
    let form = FormState::<DeleteAccount>::new().on_success(move |guest| visitor.replace(guest));
    view! {
        <ActionForm action=form.action attr:class="stack" attr:novalidate=true>
            <FormError error=form.general_error(&["password"]) />
            <PasswordField
                label="Password of your account"
                name="password"
                prefix="remove-"
                autocomplete="current-password"
                error=form.field_error("password")
            />
            <SubmitButton pending=form.pending() class="button-quiet">
                "Delete my account"
            </SubmitButton>
        </ActionForm>
    }
}
