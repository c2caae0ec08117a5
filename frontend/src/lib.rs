//! The browser's entry: wakes up the HTML that the server sent.

// A page is one type, as deep as its elements: more than the compiler looks into by itself.
#![recursion_limit = "256"]

use leptos::{
    mount::hydrate_from_async,
    prelude::{document, request_animation_frame, window},
    wasm_bindgen::{JsCast, closure::Closure},
    web_sys::Event,
};
use wasm_bindgen_futures::spawn_local;

/// Called by the page's script once the WebAssembly is loaded.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        give_back();
    }));
    spawn_local(async {
        let Some(body) = document().body() else { return };
        // Comes to its end once the page's own code, which is fetched apart, is there and at work too.
        hydrate_from_async(body, app::App).await.forget();
        // The effects that this has made run before the next frame.
        request_animation_frame(mark_hydrated);
    });
}

/// Tells the page's CSS and whoever drives a browser that forms no longer reload the page.
fn mark_hydrated() {
    if let Some(root) = document().document_element() {
        // Nothing depends on it: an element that takes no attribute is none of our concern.
        let _ = root.set_attribute("data-hydrated", "true");
    }
}

/// Gives the page back to the browser: the app hears of no click and no form any more, so that links and forms work as they did
/// before hydration. After a panic, as when a page's code cannot be fetched, nothing else is to be relied on.
fn give_back() {
    let hold = Closure::<dyn Fn(Event)>::new(|event: Event| event.stop_immediate_propagation());
    for kind in ["click", "submit"] {
        let hold = hold.as_ref().unchecked_ref();
        // A page that takes no listener is left as it is.
        let _ = window().add_event_listener_with_callback_and_bool(kind, hold, true);
    }
    hold.forget();
}
