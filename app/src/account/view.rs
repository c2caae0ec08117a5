//! The account page's parts.

use leptos::{form::ActionForm, prelude::*};

use super::{ChangeName, ChangePassword, Confirm, DeleteAccount, Device, RevokeDevice, RevokeOtherDevices};
use crate::{
    auth::NewPasswordField,
    error::Field,
    forms,
    ui::{FormError, FormState, PasswordField, SubmitButton, TextField, When, move_focus},
    visitor::use_visitor,
};

/// Where the user is signed in, with "Sign out" for each and for all others.
#[component]
pub fn DeviceList(
    /// The devices as the page was opened.
    devices: Vec<Device>,
) -> impl IntoView {
    let devices = RwSignal::new(devices);
    let others = FormState::<RevokeOtherDevices>::new().on_done(move |answer| devices.set(answer));
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
    let revoke = FormState::<RevokeDevice>::for_item(Field::Device, &device.device)
        .on_done(move |answer| devices.set(answer));
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
                        <When seconds=Some(first) />
                    </dd> <dt>"Last used"</dt> <dd>
                        <When seconds=Some(last) />
                    </dd>
                </dl>
            </div>
            {sign_out}
        </li>
    }
}

/// Name, password, removal. What matters most asks for the password first, unless it was typed within the last ten minutes.
#[component]
pub fn AccountSettings() -> impl IntoView {
    let visitor = use_visitor();
    let unconfirmed = move || visitor.user().is_some_and(|user| !user.confirmed);
    // The form that was refused is hidden, and the focus with it.
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
                <h2 id="confirm-heading">"Confirm it\u{2019}s you"</h2>
                <p>"To change the password or to remove the account, please type your password once more."</p>
                <ConfirmForm />
            </section>
        </Show>
        // Hidden, not taken away: what was typed is there again once it is confirmed who types.
        <div hidden=unconfirmed>
            <section aria-labelledby="password-heading">
                <h2 id="password-heading">"Your password"</h2>
                <PasswordForm />
            </section>
            <section aria-labelledby="remove-heading">
                <h2 id="remove-heading">"Remove the account"</h2>
                <p>
                    "Your name, your password, "
                    // <shop>
                    "your orders, your saved cart "
                    // </shop>
                    "and all your sessions are deleted at once. This cannot be undone."
                </p>
                <RemovalForm />
            </section>
        </div>
    }
}

#[component]
fn NameForm() -> impl IntoView {
    let visitor = use_visitor();
    let form = FormState::<ChangeName>::new().on_done(move |answer| visitor.replace(answer));
    let name = form.typed("name").or_else(|| untrack(|| visitor.user()).map(|user| user.name));
    view! {
        <ActionForm action=form.action attr:class="stack" attr:novalidate=true>
            <FormError error=form.general_error(&[Field::Name]) />
            <input type="hidden" name=forms::WHOSE value=move || visitor.user().map(|user| user.email) />
            <TextField
                label="Name"
                field=Field::Name
                autocomplete="name"
                value=name
                problem=form.problem(Field::Name)
            />
            <SubmitButton pending=form.pending()>"Change name"</SubmitButton>
        </ActionForm>
    }
}

#[component]
fn ConfirmForm() -> impl IntoView {
    let visitor = use_visitor();
    let form = FormState::<Confirm>::new().on_done(move |answer| visitor.replace(answer));
    view! {
        <ActionForm action=form.action attr:class="stack" attr:novalidate=true>
            <FormError error=form.general_error(&[Field::Password]) />
            <PasswordField
                label="Password"
                field=Field::Password
                prefix="confirm-"
                autocomplete="current-password"
                problem=form.problem(Field::Password)
            />
            <SubmitButton pending=form.pending()>"Confirm"</SubmitButton>
        </ActionForm>
    }
}

#[component]
fn PasswordForm() -> impl IntoView {
    let visitor = use_visitor();
    let form = FormState::<ChangePassword>::new().on_done(move |answer| visitor.replace(answer));
    let about =
        Signal::derive(move || visitor.user().map(|user| vec![user.name, user.email]).unwrap_or_default());
    view! {
        <ActionForm action=form.action attr:class="stack" attr:novalidate=true>
            <FormError error=form.general_error(&[Field::Current, Field::New]) />
            <PasswordField
                label="Current password"
                field=Field::Current
                autocomplete="current-password"
                problem=form.problem(Field::Current)
                done=form.times_done()
            />
            <NewPasswordField
                label="New password"
                field=Field::New
                about
                problem=form.problem(Field::New)
                done=form.times_done()
            />
            <SubmitButton pending=form.pending()>"Change password"</SubmitButton>
        </ActionForm>
    }
}

#[component]
fn RemovalForm() -> impl IntoView {
    let visitor = use_visitor();
    let form = FormState::<DeleteAccount>::new().on_done(move |guest| visitor.replace(guest));
    view! {
        <ActionForm action=form.action attr:class="stack" attr:novalidate=true>
            <FormError error=form.general_error(&[Field::Password]) />
            <PasswordField
                label="Password of the account"
                field=Field::Password
                prefix="remove-"
                autocomplete="current-password"
                problem=form.problem(Field::Password)
            />
            <SubmitButton pending=form.pending() class="button-quiet">
                "Remove my account"
            </SubmitButton>
        </ActionForm>
    }
}
