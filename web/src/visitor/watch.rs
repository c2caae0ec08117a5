//! Follows the session in the browser: warns before it ends, notices its end, and guards private pages.

use std::time::Duration;

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_location, location::Location};

use super::{CurrentVisitor, show_visitor, use_visitor};
use crate::{
    feature::Features,
    path::{self, LocalPath},
};

/// Browsers count the milliseconds of a timer in 31 bits.
const LONGEST_TIMER: i64 = 20 * 24 * 3_600;

/// Whether the visitor is to be warned that the session ends.
#[derive(Clone, Copy)]
struct EndsSoon(RwSignal<bool>);

/// Sets timers for the warning and for the end, again after each use of the session. Other tabs may have used it too, so both ask
/// the server first.
pub fn watch_session(visitor: CurrentVisitor) {
    let ends_soon = RwSignal::new(false);
    provide_context(EndsSoon(ends_soon));
    Effect::new(move |before: Option<Vec<TimeoutHandle>>| {
        before.into_iter().flatten().for_each(|timer| timer.clear());
        let Some(time) = visitor.session().filter(|time| time.idle_remaining < LONGEST_TIMER) else {
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
        let next = if warn_in == 0 { time.idle_remaining + 1 } else { warn_in };
        check_after(next).into_iter().collect()
    });
}

/// Uses the session on each navigation, and forgets what the page before has shown once.
pub fn follow_navigation(visitor: CurrentVisitor) {
    let Location { pathname, search, .. } = use_location();
    Effect::new(move || {
        let mark = if search.read().is_empty() { "" } else { "?" };
        visitor.set_target(LocalPath::parse(&format!("{}{mark}{}", pathname.read(), search.read())));
    });
    Effect::new(move |before: Option<String>| {
        let here = pathname.get();
        if before.is_some_and(|before| before != here) {
            visitor.forget_flash();
            visitor.continue_as_guest();
            use_session(visitor);
        }
        here
    });
}

/// Asks the server for the visitor, which keeps the session alive.
fn use_session(visitor: CurrentVisitor) {
    spawn_local(async move {
        // Without an answer everything stays as it is.
        if let Ok(answer) = show_visitor().await {
            visitor.refresh(answer);
        }
    });
}

/// Sends a guest on a page for signed-in users to the sign-in page. The server does the same when such a page is opened; this is for
/// users who sign out, or navigate, without loading a page.
pub fn guard_page() {
    let (visitor, features, path) = (use_visitor(), Features::current(), use_location().pathname);
    if is_server() || features.is_public(&path.get_untracked()) {
        return;
    }
    let navigate = path::use_local_navigate();
    Effect::new(move || {
        let here = path.get();
        if visitor.user().is_none() && visitor.ended().is_none() && !features.is_public(&here) {
            let options = NavigateOptions { replace: true, ..NavigateOptions::default() };
            navigate(&path::sign_in(LocalPath::parse(&here).as_ref()), options);
        }
    });
}

/// "You will be signed out in a minute", with "Stay signed in".
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
