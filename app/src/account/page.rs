//! `/account`: the devices and settings of the signed-in user.

use leptos::prelude::*;
use web::{
    ui::{Head, Private},
    visitor::use_visitor,
};

use super::{
    api::list_devices,
    view::{AccountSettings, DeviceList},
};

web::page!(AccountPage, view);

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
                <Private load=|_| list_devices() show=|devices| view! { <DeviceList devices /> }.into_any() />
            </section>
            <AccountSettings />
        </div>
    }
    .into_any()
}
