//! `/session`: the session explorer.

use leptos::prelude::*;
use web::ui::{Head, Load};

use super::{SessionView, api::show_session, view::Explorer};

web::page!(SessionPage, view);

fn view() -> AnyView {
    let session = Resource::new(|| (), |()| async { show_session().await.map(SessionView::for_page) });
    view! {
        <Head title="Session" description="What the server stores for you and how long, its cookie, and a log of what happened." />
        <h1>"Your session"</h1>
        <p class="lead">"Your browser stores a cookie with an id. Everything else is stored on the server and shown here."</p>
        <Load resource=session show=|view| view! { <Explorer view /> }.into_any() placeholder="Loading your session…" />
    }
    .into_any()
}
