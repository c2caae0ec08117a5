//! `/cookies`: the cookie lab.

use leptos::prelude::*;
use web::ui::{Head, Load};

use super::{api::show_cookies, view::CookiePanel};

web::page!(CookiesPage, view);

fn view() -> AnyView {
    let cookies = Resource::new(|| (), |()| show_cookies());
    view! {
        <Head title="Cookies" description="Set plain and signed cookies, and see what the server makes of them." />
        <h1>"Cookies"</h1>
        <p class="lead">
            "A cookie is a short text that the browser stores and sends back with every request. The cookies here are for trying out: \
            do not put secrets into them."
        </p>
        <Load resource=cookies show=|cookies| view! { <CookiePanel cookies /> }.into_any() placeholder="Loading your cookies…" />
    }
    .into_any()
}
