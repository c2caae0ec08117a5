//! Follows the session in the browser: warns before it ends, notices its end, and guards pages for signed-in users.

use std::time::Duration;

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_location, location::Location};

use super::{CurrentVisitor, show_visitor, use_visitor};
use crate::{
    feature::Features,
    path::{self, LocalPath},
};

/// In seconds: browsers count the milliseconds of a timer in 31 bits.
const LONGEST_TIMER: i64 = 20 * 24 * 3_600;

/// Uses the session on each navigation, and removes the flash of the previous page.
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

/// Redirects a guest on a page for signed-in users to the sign-in page, as the server does when such a page is loaded.
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

/// Sets a timer for the warning, then for the end, again after each use of the session. Asks the server each time, because other tabs
/// may have used the session.
fn set_timer(visitor: CurrentVisitor, ends_soon: RwSignal<bool>) {
    Effect::new(move |before: Option<Option<TimeoutHandle>>| {
        if let Some(timer) = before.flatten() {
            timer.clear();
        }
        let Some(time) = visitor.session().filter(|time| time.idle_remaining < LONGEST_TIMER) else {
            ends_soon.set(false);
            return None;
        };
        let warn_in = time.warn_in();
        ends_soon.set(warn_in == 0);
        // A second later, so that the server agrees.
        let seconds = if warn_in == 0 { time.idle_remaining + 1 } else { warn_in };
        let after = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
        set_timeout_with_handle(move || visitor.check(), after).ok()
    });
}

/// Warns before the session ends, and offers to stay signed in.
#[component]
pub fn SessionWarning() -> impl IntoView {
    let visitor = use_visitor();
    let ends_soon = RwSignal::new(false);
    set_timer(visitor, ends_soon);
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
