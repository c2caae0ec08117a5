//! The browser's entry: wakes up the HTML that the server sent.

// A page is one type, as deep as its elements: more than the compiler looks into by itself.
#![recursion_limit = "256"]

use leptos::{
    prelude::window,
    wasm_bindgen::{JsCast, closure::Closure},
    web_sys::Event,
};

/// Called by the page's script once the WebAssembly is loaded.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        give_back();
    }));
    leptos::mount::hydrate_lazy(app::App);
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
