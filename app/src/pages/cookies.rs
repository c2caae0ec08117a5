//! `/cookies`: the cookie lab.

use leptos::prelude::*;

use super::Head;
use crate::{
    cookies::{CookiePanel, show_cookies},
    source::HowItWorks,
    ui::{Failed, Waiting},
};

page!(CookiesPage, view);

fn view() -> AnyView {
    let cookies = Resource::new(|| (), |()| show_cookies());
    let panel = move || {
        Suspend::new(async move {
            match cookies.await {
                Ok(cookies) => view! { <CookiePanel cookies /> }.into_any(),
                Err(error) => view! { <Failed error in_page=true /> }.into_any(),
            }
        })
    };
    view! {
        <Head title="Cookies" description="Set cookies, plain and signed, and see what the server makes of them." />
        <h1>"Cookies"</h1>
        <p class="lead">
            "A cookie is a short text that the browser keeps and sends back with every request. These here are for trying out: \
            put nothing secret into them."
        </p>
        <Suspense fallback=|| view! { <Waiting words="Looking at your cookies…" /> }>{panel}</Suspense>
        <HowItWorks page="cookies" />
    }
    .into_any()
}
