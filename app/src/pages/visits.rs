//! `/visits`: counts this visit, on the server for a refresh and from the browser when the hydrated app comes here.

use leptos::prelude::*;

use super::Head;
use crate::{
    ui::Failed,
    visits::{VisitCounter, record_visit},
};

#[component]
pub(crate) fn VisitsPage() -> impl IntoView {
    let visits = Resource::new(|| (), |()| record_visit());
    let counter = move || {
        Suspend::new(async move {
            match visits.await {
                Ok(visits) => view! { <VisitCounter visits /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <Head title="Visits" description="How often you have opened this page." />
        <h1>"Your visits"</h1>
        <p class="lead">"This page counts how often you open it. The number is kept in your session, on the server."</p>
        <Suspense fallback=|| view! { <p>"Counting…"</p> }>{counter}</Suspense>
    }
}
