//! The change-over from page to page, where the browser can show one.

use js_sys::Reflect;
use leptos::{ev, prelude::*};

/// In the browser, takes no notice of a change-over that was skipped because the next one has begun: Leptos leaves the promise that
/// tells of it alone, and browsers report that as an error.
pub fn allow_skipped_transitions() {
    if is_server() {
        return;
    }
    let listener = window_event_listener(ev::unhandledrejection, |event| {
        let name = Reflect::get(&event.reason(), &"name".into()).ok().and_then(|name| name.as_string());
        if name.is_some_and(|name| matches!(name.as_str(), "AbortError" | "InvalidStateError")) {
            event.prevent_default();
        }
    });
    on_cleanup(move || listener.remove());
}
