//! `/visits`: counts a visit and shows the counter.

use leptos::{form::ActionForm, prelude::*};
use web::{
    error::AppError,
    ui::{FormError, FormState, Head, Load, SubmitButton, Time},
};

use super::{ResetVisits, Visits, api::record_visit};

web::page!(VisitsPage, view);

fn view() -> AnyView {
    let visits = Resource::new(
        || (),
        async |()| match record_visit().await {
            // The response has removed the cookie of the session that ended, so this starts a new session.
            Err(AppError::SessionEnded) => record_visit().await,
            answer => answer,
        },
    );
    view! {
        <Head title="Visits" description="How often you have opened this page: a number kept in your session, on the server." />
        <h1>"Your visits"</h1>
        <p class="lead">"This page counts how often you open it. The number is kept in your session, on the server."</p>
        <Load resource=visits show=|visits| view! { <VisitCounter visits /> }.into_any() placeholder="Counting…" />
    }
    .into_any()
}

/// The visits so far, and "Reset".
#[component]
fn VisitCounter(visits: Visits) -> impl IntoView {
    let visits = RwSignal::new(visits);
    let form = FormState::<ResetVisits>::new().on_success(move |reset| visits.set(reset));
    let first = Signal::derive(move || visits.get().first_at);
    let last = Signal::derive(move || visits.get().last_at);
    let unit = move || if visits.get().count == 1 { "visit" } else { "visits" };
    view! {
        <p class="counter" aria-live="polite">
            <strong class="counter-number">{move || visits.get().count}</strong>
            " "
            {unit}
        </p>
        <Show
            when=move || first.get().is_some()
            fallback=|| view! { <p>"No visits yet. Your next visit will be number 1."</p> }
        >
            <dl class="facts">
                <dt>"First visit"</dt>
                <dd>
                    <Time seconds=first />
                </dd>
                <dt>"Latest visit"</dt>
                <dd>
                    <Time seconds=last />
                </dd>
            </dl>
        </Show>
        <ActionForm action=form.action>
            <SubmitButton pending=form.pending()>"Reset"</SubmitButton>
            <FormError error=form.general_error(&[]) />
        </ActionForm>
    }
}
