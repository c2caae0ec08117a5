//! The bar that shows a message, and tells it to screen readers.

use std::fmt;

use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The message on show.
#[derive(Clone, Copy, Debug)]
pub struct Notices(RwSignal<Option<Notice>>);

#[derive(Clone, Debug)]
struct Notice {
    text: String,
    /// The page that it belongs to: on another one it is gone.
    page: String,
    /// Whether it lies over the page. What came with the page stands in it, and stays where it is.
    floats: bool,
}

impl Notices {
    /// Shows a message on the page with this path.
    pub fn show(self, message: impl fmt::Display, path: &str) {
        let page = path.split(['?', '#']).next().unwrap_or(path).to_owned();
        self.0.set(Some(Notice { text: message.to_string(), page, floats: true }));
    }

    /// Takes the message away.
    pub fn clear(self) {
        self.0.set(None);
    }
}

/// Makes [`Notices`] reachable from every form. `waiting` is what the session had kept for this page. Inside a router.
pub fn provide_notices(waiting: Option<String>) {
    let path = use_location().pathname;
    let notice = waiting.map(|text| Notice { text, page: path.get_untracked(), floats: false });
    let notices = Notices(RwSignal::new(notice));
    provide_context(notices);
    // Who comes back to the page later has heard it already.
    Effect::new(move |before: Option<String>| {
        let here = path.get();
        let left = before.is_some_and(|before| before != here);
        if left
            && notices.0.with_untracked(|notice| notice.as_ref().is_some_and(|notice| notice.page != here))
        {
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
    let notice = Memo::new(move |_| {
        let notice = notices.0.get().filter(|notice| notice.page == path.get());
        notice.map(|Notice { text, floats, .. }| (text, floats))
    });
    let place = move || match notice.get() {
        Some((_, true)) => "notices over-page",
        _ => "notices",
    };
    view! {
        <div class=place role="status">
            {move || {
                notice
                    .get()
                    .map(|(text, _)| {
                        view! {
                            <p class="notice">
                                <span>{text}</span>
                                <button
                                    type="button"
                                    class="button-quiet dismiss"
                                    aria-label="Dismiss"
                                    on:click=move |_| notices.clear()
                                ></button>
                            </p>
                        }
                    })
            }}
        </div>
    }
}
