//! View transitions between pages.

use js_sys::Reflect;
use leptos::{ev, prelude::*};

/// In the browser, ignores view transitions that the next one has skipped. Leptos does not handle their rejected promises, so browsers
/// would report an error.
pub fn ignore_skipped_transitions() {
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
