//! Where the focus goes when what had it is gone.

use leptos::{prelude::*, wasm_bindgen::JsCast, web_sys::HtmlElement};

/// In the browser, moves the focus to the first element that the CSS selector finds, once the page shows what has just changed.
pub fn move_focus(selector: impl Into<String>) {
    let selector = selector.into();
    request_animation_frame(move || {
        let found = document().query_selector(&selector).ok().flatten();
        if let Some(element) = found.and_then(|found| found.dyn_into::<HtmlElement>().ok()) {
            // An element that cannot take it leaves it where it is.
            let _ = element.focus();
        }
    });
}
