//! `/account`: the signed-in user's devices and settings.

use leptos::prelude::*;

use super::Head;
use crate::{
    account::{AccountSettings, DeviceList, list_devices},
    ui::Private,
    visitor::use_visitor,
};

page!(AccountPage, view);

fn view() -> AnyView {
    let visitor = use_visitor();
    let email = move || visitor.user().map(|user| user.email);
    view! {
        <Head title="Your account" description="Where you are signed in, your name and your password." />
        <div class="narrow">
            <h1>"Your account"</h1>
            <p>{email}</p>
            <section aria-labelledby="devices-heading">
                <h2 id="devices-heading">"Your devices"</h2>
                <Private
                    in_page=true
                    load=|_| list_devices()
                    show=|devices| view! { <DeviceList devices /> }.into_any()
                />
            </section>
            <AccountSettings />
        </div>
    }
    .into_any()
}
