//! The bar that shows a message, and tells it to screen readers.

use std::fmt;

use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The message on show, and the page that it belongs to: on another page it is gone.
#[derive(Clone, Copy, Debug)]
pub struct Notices(RwSignal<Option<(String, String)>>);

impl Notices {
    /// Shows a message on the page with this path.
    pub fn show(self, message: impl fmt::Display, path: &str) {
        let path = path.split(['?', '#']).next().unwrap_or(path);
        self.0.set(Some((message.to_string(), path.to_owned())));
    }

    /// Takes the message away.
    pub fn clear(self) {
        self.0.set(None);
    }
}

/// Makes [`Notices`] reachable from every form. `waiting` is what the session had kept for this page. Inside a router.
pub fn provide_notices(waiting: Option<String>) {
    let path = use_location().pathname;
    let notices = Notices(RwSignal::new(waiting.map(|text| (text, path.get_untracked()))));
    provide_context(notices);
    // Who comes back to the page later has heard it already.
    Effect::new(move |before: Option<String>| {
        let here = path.get();
        let left = before.is_some_and(|before| before != here);
        if left && notices.0.with_untracked(|notice| notice.as_ref().is_some_and(|(_, page)| *page != here)) {
            notices.clear();
        }
        here
    });
}

/// The message on show, with a button that takes it away.
#[component]
pub fn NoticeBar() -> impl IntoView {
    let notices = expect_context::<Notices>();
    let path = use_location().pathname;
    let message = move || {
        notices.0.get().filter(|(_, page)| *page == path.get()).map(|(message, _)| message.to_string())
    };
    view! {
        <div class="notices" role="status">
            {move || {
                message()
                    .map(|text| {
                        view! {
                            <p class="notice">
                                <span>{text}</span>
                                <button type="button" class="button-quiet" on:click=move |_| notices.clear()>
                                    "Dismiss"
                                </button>
                            </p>
                        }
                    })
            }}
        </div>
    }
}
