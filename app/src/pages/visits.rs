//! `/visits`: counts this visit, on the server for a refresh and from the browser when the hydrated app comes here.

use leptos::prelude::*;

use super::Head;
use crate::{
    error::AppError,
    source::HowItWorks,
    ui::{Failed, Waiting},
    visits::{VisitCounter, record_visit},
};

page!(VisitsPage, view);

fn view() -> AnyView {
    let visits = Resource::new(
        || (),
        async |()| match record_visit().await {
            // The answer has removed the cookie of the session that is over: opening the page begins another one.
            Err(AppError::SessionEnded) => record_visit().await,
            answer => answer,
        },
    );
    let counter = move || {
        Suspend::new(async move {
            match visits.await {
                Ok(visits) => view! { <VisitCounter visits /> }.into_any(),
                Err(error) => view! { <Failed error in_page=true /> }.into_any(),
            }
        })
    };
    view! {
        <Head title="Visits" description="How often you have opened this page: a number kept in your session, on the server." />
        <h1>"Your visits"</h1>
        <p class="lead">"This page counts how often you open it. The number is kept in your session, on the server."</p>
        <Suspense fallback=|| view! { <Waiting words="Counting…" /> }>{counter}</Suspense>
        <HowItWorks page="visits" />
        <HowItWorks page="theme" title="How the theme works" />
    }
    .into_any()
}
