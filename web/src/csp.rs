//! Content security policies (ASVS 3.4.3). A page may run scripts of this site and those with the nonce of the response.

use axum::http::HeaderValue;
use leptos::nonce::Nonce;

/// The path to which browsers report violations (ASVS 3.4.7).
pub const REPORTS: &str = "/csp-reports";

/// The policy of responses that are not pages, such as JSON and images.
pub const NOTHING: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The policy of a page. `'wasm-unsafe-eval'` allows WebAssembly only.
pub fn page(nonce: &Nonce) -> HeaderValue {
    // The script that `cargo leptos watch` adds connects to another port.
    let more = if std::env::var_os("LEPTOS_WATCH").is_some() { " ws:" } else { "" };
    reported(&format!(
        "script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self'{more}; \
         manifest-src 'self'; form-action 'self'"
    ))
}

pub fn page_without_scripts() -> HeaderValue {
    reported("style-src 'self'; img-src 'self'; manifest-src 'self'; form-action 'self'")
}

/// The policy of a page with one inline style. `style` is its hash.
pub fn standalone_page(style: &str) -> HeaderValue {
    policy(&format!("style-src '{style}'; form-action 'self'"), "")
}

pub fn is_reported(policy: &HeaderValue) -> bool {
    policy.as_bytes().ends_with(REPORTS.as_bytes())
}

/// Browsers that do not know `report-to` use `report-uri`.
fn reported(allowed: &str) -> HeaderValue {
    policy(allowed, &format!("; report-to csp; report-uri {REPORTS}"))
}

fn policy(allowed: &str, reports: &str) -> HeaderValue {
    let text = format!(
        "default-src 'none'; {allowed}; object-src 'none'; base-uri 'none'; frame-ancestors 'none'{reports}"
    );
    HeaderValue::from_str(&text).unwrap_or(NOTHING)
}
