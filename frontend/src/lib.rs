//! The browser's entry: wakes up the HTML that the server sent.

// A page is one type, as deep as its elements: more than the compiler looks into by itself.
#![recursion_limit = "256"]

/// Called by the page's script once the WebAssembly is loaded.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_lazy(app::App);
}
