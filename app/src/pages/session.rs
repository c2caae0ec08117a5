//! `/session`: what the server keeps for this visitor.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::Head;
use crate::{
    explorer::{Explorer, SessionView, show_session},
    source::HowItWorks,
    ui::{Failed, Waiting},
};

page!(SessionPage, view);

fn view() -> AnyView {
    let session = Resource::new(|| (), |()| async { show_session().await.map(SessionView::for_page) });
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        let key = query.with(|query| query.get("key"));
        key.map(|key| key.trim().to_owned()).filter(|key| !key.is_empty())
    });
    let explorer = move || {
        Suspend::new(async move {
            match session.await {
                Ok(view) => view! { <Explorer view asked /> }.into_any(),
                Err(error) => view! { <Failed error in_page=true /> }.into_any(),
            }
        })
    };
    view! {
        <Head title="Session" description="What the server keeps for you and for how long, by which cookie, and what happened last." />
        <h1>"Your session, opened"</h1>
        <p class="lead">"Your browser holds a cookie with an id. All the rest lies on the server, and is shown here."</p>
        <Suspense fallback=|| view! { <Waiting words="Opening your session\u{2026}" /> }>{explorer}</Suspense>
        <HowItWorks page="session" />
    }
    .into_any()
}
