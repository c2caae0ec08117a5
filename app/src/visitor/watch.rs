//! The end of a session: said a minute before, and when it has come.

use std::time::Duration;

use leptos::{html::H1, leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_location, location::Location};

use super::{CurrentVisitor, show_visitor, use_visitor};
use crate::{
    auth::LoginForm,
    nav::{self, LocalPath},
};

/// Browsers count a timer's milliseconds in 31 bits; no page stays open that long anyway.
const LONGEST_TIMER: i64 = 20 * 24 * 3_600;

/// Whether the visitor is to be warned that the session ends.
#[derive(Clone, Copy)]
struct EndsSoon(RwSignal<bool>);

/// Sets timers for the warning and for the end, anew whenever the session was used. Other tabs may have used it too, so both ask
/// the server first.
pub fn watch_session(visitor: CurrentVisitor) {
    let ends_soon = RwSignal::new(false);
    provide_context(EndsSoon(ends_soon));
    Effect::new(move |before: Option<Vec<TimeoutHandle>>| {
        before.into_iter().flatten().for_each(|timer| timer.clear());
        let Some(time) = visitor.session().filter(|time| time.unused < LONGEST_TIMER) else {
            ends_soon.set(false);
            return Vec::new();
        };
        let check_after = |seconds: i64| {
            let after = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
            set_timeout_with_handle(move || visitor.check(), after)
        };
        let warn_in = time.warn_in();
        ends_soon.set(warn_in == 0);
        // A second later, so that the server agrees.
        let next = if warn_in == 0 { time.unused + 1 } else { warn_in };
        check_after(next).into_iter().collect()
    });
}

/// Follows the session on each way from page to page, which is a use of it.
pub fn follow_navigation(visitor: CurrentVisitor) {
    let Location { pathname, search, .. } = use_location();
    Effect::new(move || {
        let mark = if search.read().is_empty() { "" } else { "?" };
        // A link from elsewhere can give the browser's address any form.
        visitor.goes_to(LocalPath::parse(&format!("{}{mark}{}", pathname.read(), search.read())));
    });
    Effect::new(move |before: Option<String>| {
        let here = pathname.get();
        if before.is_some_and(|before| before != here) {
            visitor.go_on_as_guest();
            use_session(visitor);
        }
        here
    });
}

/// Asks the server who is visiting, which keeps the session alive.
fn use_session(visitor: CurrentVisitor) {
    spawn_local(async move {
        // Without an answer all stays as it is.
        if let Ok(answer) = show_visitor().await {
            visitor.refresh(answer);
        }
    });
}

/// Sends a guest who is on a private page to sign in: the server does the same with one who opens it.
pub fn guard_private_pages(visitor: CurrentVisitor) {
    let (location, navigate) = (use_location(), nav::use_local_navigate());
    Effect::new(move || {
        let path = location.pathname.get();
        if nav::is_private(&path) && visitor.user().is_none() && visitor.ended().is_none() {
            let next = LocalPath::parse(&path);
            let options = NavigateOptions { replace: true, ..NavigateOptions::default() };
            navigate(&nav::to_login(next.as_ref()), options);
        }
    });
}

/// "Your session ends in a minute", with "Stay signed in".
#[component]
pub fn SessionWarning() -> impl IntoView {
    let visitor = use_visitor();
    let EndsSoon(ends_soon) = expect_context();
    let extendable = move || visitor.session().is_some_and(|time| time.can_be_extended());
    view! {
        <div class="session-warning" role="alert">
            <Show when=move || ends_soon.get()>
                <div class="notice">
                    <Show
                        when=extendable
                        fallback=|| view! { <span>"Your session ends in a minute. Please finish what you are doing."</span> }
                    >
                        <span>"You will be signed out in a minute."</span>
                        <button type="button" class="button" on:click=move |_| use_session(visitor)>
                            "Stay signed in"
                        </button>
                    </Show>
                </div>
            </Show>
        </div>
    }
}

/// "Your session has ended", with a form to sign in again. What stands on the page is hidden meanwhile, not lost.
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
    let heading = NodeRef::<H1>::new();
    // What had the focus is hidden now.
    Effect::new(move || {
        if let Some(heading) = heading.get() {
            // An element that cannot take it leaves it where it is.
            let _ = heading.focus();
        }
    });
    view! {
        <section class="narrow" aria-labelledby="session-ended">
            <h1 id="session-ended" tabindex="-1" node_ref=heading>
                "Your session has ended"
            </h1>
            <p>"Sign in again to go on. What you typed on this page is kept."</p>
            <LoginForm stay=true demo_account=false email />
            <p>
                <button type="button" class="button-quiet" on:click=move |_| visitor.go_on_as_guest()>
                    "Go on without signing in"
                </button>
            </p>
        </section>
    }
}
