//! The message at the top of a page.

use std::fmt;

use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The current message.
#[derive(Clone, Copy, Debug)]
pub struct Notices(RwSignal<Option<Notice>>);

#[derive(Clone, Debug)]
struct Notice {
    text: String,
    /// The page that shows it.
    page: String,
    /// Whether it is above the page, so that nothing moves. A message that came with the page is part of it.
    floats: bool,
}

impl Notices {
    /// Shows a message on the page with this path.
    pub fn show(self, message: impl fmt::Display, path: &str) {
        let page = path.split(['?', '#']).next().unwrap_or(path).to_owned();
        self.0.set(Some(Notice { text: message.to_string(), page, floats: true }));
    }

    pub fn clear(self) {
        self.0.set(None);
    }
}

/// Provides [`Notices`] to every form. `waiting` is the message that came with the page. Must be called inside of the router.
pub fn provide_notices(waiting: Option<String>) {
    let path = use_location().pathname;
    let notice = waiting.map(|text| Notice { text, page: path.get_untracked(), floats: false });
    let notices = Notices(RwSignal::new(notice));
    provide_context(notices);
    // A visitor who returns to the page later has seen it already.
    Effect::new(move || {
        let here = path.get();
        let is_elsewhere =
            |notice: &Option<Notice>| notice.as_ref().is_some_and(|notice| notice.page != here);
        if notices.0.with_untracked(is_elsewhere) {
            notices.clear();
        }
    });
}

/// The current message, with a button that removes it.
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
