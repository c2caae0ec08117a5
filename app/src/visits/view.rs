//! The counter, with its reset.

use leptos::{form::ActionForm, prelude::*};

use super::{ResetVisits, Visits};
use crate::ui::{FormError, FormState, SubmitButton, When};

/// The visits so far, and "Reset".
#[component]
pub fn VisitCounter(
    /// The visits as the page was opened.
    visits: Visits,
) -> impl IntoView {
    let visits = RwSignal::new(visits);
    let form = FormState::<ResetVisits>::new().on_done(move |none| visits.set(none));
    let first = Signal::derive(move || visits.get().first_at);
    let last = Signal::derive(move || visits.get().last_at);
    let times = move || {
        if visits.get().count == 1 { "visit" } else { "visits" }
    };
    view! {
        <p class="counter" aria-live="polite">
            <strong class="counter-number">{move || visits.get().count}</strong>
            " "
            {times}
        </p>
        <Show
            when=move || first.get().is_some()
            fallback=|| view! { <p>"The counter is empty. Your next visit will be number 1."</p> }
        >
            <dl class="facts">
                <dt>"First visit"</dt>
                <dd>
                    <When seconds=first />
                </dd>
                <dt>"Latest visit"</dt>
                <dd>
                    <When seconds=last />
                </dd>
            </dl>
        </Show>
        <ActionForm action=form.action>
            <SubmitButton pending=form.pending()>"Reset"</SubmitButton>
            <FormError error=form.general_error(&[]) />
        </ActionForm>
    }
}
