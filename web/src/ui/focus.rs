//! Moves the focus: when the focused element disappears, and on navigation.

use leptos::{prelude::*, wasm_bindgen::JsCast};
use leptos_router::hooks::use_location;
use web_sys::{Element, FocusOptions, HtmlElement};

/// In the browser, moves the focus to the first element that the CSS selector matches, after the next render.
pub fn move_focus(selector: impl Into<String>) {
    let selector = selector.into();
    request_animation_frame(move || {
        if let Some(element) = find(&selector) {
            focus(&element, false);
        }
    });
}

/// In the browser, moves the focus to the invalid field of the form that was sent.
pub(super) fn focus_wrong_field() {
    request_animation_frame(|| {
        let form = document().active_element().and_then(|sender| sender.closest("form").ok().flatten());
        let wrong = form.and_then(|form| form.query_selector("[aria-invalid=true]").ok().flatten());
        if let Some(field) = wrong {
            focus(&field, false);
        }
    });
}

/// In the browser, moves the focus to the heading of each new page, so that screen readers announce it. Does nothing if the visitor has
/// moved the focus meanwhile.
pub fn focus_new_pages() {
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let here = path.get();
        if before.is_some_and(|before| before != here) {
            focus_when_rendered(find(HEADING), document().active_element(), MAX_FRAMES);
        }
        here
    });
}

const HEADING: &str = "main h1";

/// How long to wait for the page's code and data: a minute, at 60 frames a second.
const MAX_FRAMES: u32 = 3_600;

/// Waits for a new heading: the previous page stays until the next one is rendered.
fn focus_when_rendered(before: Option<Element>, focused: Option<Element>, frames: u32) {
    request_animation_frame(move || {
        let body = document().body().map(Element::from);
        let now = document().active_element().filter(|element| Some(element) != body.as_ref());
        if frames == 0 || now.is_some() && now != focused {
            return;
        }
        match find(HEADING).filter(|heading| Some(heading) != before.as_ref()) {
            Some(heading) => {
                // Focusable by script, not by the Tab key.
                let _ = heading.set_attribute("tabindex", "-1");
                // The router scrolls.
                focus(&heading, true);
            }
            None => focus_when_rendered(before, focused, frames - 1),
        }
    });
}

fn find(selector: &str) -> Option<Element> {
    document().query_selector(selector).ok().flatten()
}

fn focus(element: &Element, prevent_scroll: bool) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        let options = FocusOptions::new();
        options.set_prevent_scroll(prevent_scroll);
        // An element that cannot be focused leaves the focus where it is.
        let _ = element.focus_with_options(&options);
    }
}
