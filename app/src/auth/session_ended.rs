//! "Your session has ended", with a form to sign in again, on a page that was open when the session ended.

use leptos::{html::H1, prelude::*};
use web::visitor::use_visitor;

use super::forms::LoginForm;

/// Shown in place of the page, whose content stays hidden meanwhile: what was typed is not lost.
#[component]
pub fn SessionEnded() -> impl IntoView {
    let visitor = use_visitor();
    view! {
        <Show when=move || visitor.ended().is_some()>
            <SignInAgain email=visitor.ended().map(|user| user.email) />
        </Show>
    }
}

#[component]
fn SignInAgain(email: Option<String>) -> impl IntoView {
    let visitor = use_visitor();
    let continue_as_guest = move |_| {
        visitor.continue_as_guest();
        visitor.check();
    };
    let heading = NodeRef::<H1>::new();
    // The focused element is hidden now.
    Effect::new(move || {
        if let Some(heading) = heading.get() {
            let _ = heading.focus();
        }
    });
    view! {
        <section class="narrow" aria-labelledby="session-ended">
            <h1 id="session-ended" tabindex="-1" node_ref=heading>
                "Your session has ended"
            </h1>
            <p>"Please sign in again to continue. What you typed on this page is still there."</p>
            <LoginForm stay=true demo_account=false email />
            <p>
                <button type="button" class="button-quiet" on:click=continue_as_guest>
                    "Continue without signing in"
                </button>
            </p>
        </section>
    }
}
