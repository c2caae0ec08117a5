//! `/account`: the signed-in user's devices and settings.

use leptos::prelude::*;

use super::Head;
use crate::{
    account::{AccountSettings, DeviceList, list_devices},
    error::AppError,
    ui::Failed,
    visitor::{Tabs, use_visitor},
};

#[component]
pub(crate) fn AccountPage() -> impl IntoView {
    let tabs = expect_context::<Tabs>();
    let visitor = use_visitor();
    let email = move || visitor.user().map(|user| user.email);
    let asked = move || (tabs.heard(), visitor.user().is_some());
    let devices =
        Resource::new(
            asked,
            async |(_, signed_in)| {
                if signed_in { list_devices().await } else { Err(AppError::SignInFirst) }
            },
        );
    // Signed out elsewhere, or by the clock, since the page was opened.
    Effect::new(move || {
        if let Some(Err(AppError::SignInFirst | AppError::SessionEnded)) = devices.get()
            && untrack(|| visitor.user()).is_some()
        {
            visitor.check();
        }
    });
    let list = move || {
        Suspend::new(async move {
            match devices.await {
                Ok(devices) => view! { <DeviceList devices /> }.into_any(),
                Err(AppError::SignInFirst | AppError::SessionEnded) => ().into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <Head title="Your account" description="Where you are signed in, your name and your password." />
        <div class="narrow">
            <h1>"Your account"</h1>
            <p>{email}</p>
            <section aria-labelledby="devices-heading">
                <h2 id="devices-heading">"Your devices"</h2>
                <Transition fallback=|| view! { <p>"Loading your devices…"</p> }>{list}</Transition>
            </section>
            <AccountSettings />
        </div>
    }
}
