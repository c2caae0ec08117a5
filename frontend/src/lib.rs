//! The program that runs in the browser: hydrates the HTML that the server sent.

// The type of a page is nested as deep as its elements, deeper than the default limit.
#![recursion_limit = "256"]

use leptos::{
    mount::hydrate_from_async,
    prelude::{document, request_animation_frame, window},
    wasm_bindgen::{JsCast, closure::Closure},
    web_sys::Event,
};
use wasm_bindgen_futures::spawn_local;

/// Called by the page's script when the WebAssembly has been loaded.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        disable_app();
    }));
    spawn_local(async {
        let Some(body) = document().body() else { return };
        // Ends when the code of the page, which is loaded separately, has been hydrated too.
        hydrate_from_async(body, app::App).await.forget();
        // The effects of hydration run before the next frame.
        request_animation_frame(mark_hydrated);
    });
}

/// Marks the page as hydrated, for CSS and for browser tests: forms no longer reload the page.
fn mark_hydrated() {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-hydrated", "true");
    }
}

/// Hides clicks and submits from the app, so that links and forms work as they did before hydration. A panic, for example because the
/// code of a page could not be loaded, leaves the app in an unknown state.
fn disable_app() {
    let stop = Closure::<dyn Fn(Event)>::new(|event: Event| event.stop_immediate_propagation());
    for kind in ["click", "submit"] {
        let stop = stop.as_ref().unchecked_ref();
        let _ = window().add_event_listener_with_callback_and_bool(kind, stop, true);
    }
    stop.forget();
}
