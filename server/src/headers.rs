//! What every response of the app tells the browser about what it may do with it (ASVS 3.4). The policy for scripts is the page's own: each
//! response has another nonce.

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{
            CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::Next,
    response::Response,
};
use leptos::nonce::Nonce;

use crate::{AppState, csp_reports};

/// For what is no page, such as JSON and pictures: it runs nothing, loads nothing and stands in no frame.
const NOTHING: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// A year, for all hosts below this one too (ASVS 3.4.1).
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

/// Where browsers send the violations of a policy that says `report-to csp` (W3C Reporting API, 3.2).
const REPORTING_ENDPOINTS: HeaderName = HeaderName::from_static("reporting-endpoints");

/// The same for all responses.
const ALWAYS: [(HeaderName, HeaderValue); 5] = [
    // Nothing is taken for a script or a page that does not say so itself (ASVS 3.4.4).
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // Other sites are not told where a visitor comes from (ASVS 3.4.5). Ours are: a plain form leads back to its page.
    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    // A page of another site that has opened ours, or was opened by it, has no hold on it (ASVS 3.4.8).
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    // Nothing of ours is loaded into pages of other sites.
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    // No page asks for any of these, so a script that gets in cannot either.
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
        ),
    ),
];

/// The middleware that adds them. What a response says itself stays.
pub async fn secure(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        add(headers, name, value);
    }
    add(headers, CONTENT_SECURITY_POLICY, NOTHING);
    if headers.get(CONTENT_SECURITY_POLICY).is_some_and(is_reported) {
        add(headers, REPORTING_ENDPOINTS, csp_reports::ENDPOINTS);
    }
    if state.settings.production {
        add(headers, STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
    }
    response
}

fn add(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    headers.entry(name).or_insert(value);
}

/// The policy of a page of the app (ASVS 3.4.3): scripts from files of this site, and those with the nonce. `'wasm-unsafe-eval'` lets
/// the browser compile the app's own WebAssembly, and nothing else.
#[must_use]
pub fn page_policy(nonce: &Nonce, reloads: bool) -> HeaderValue {
    // What `cargo leptos watch` puts into a page listens on another port for news.
    let more = if reloads { " ws:" } else { "" };
    reported_policy(&format!(
        "script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self'{more}; \
         manifest-src 'self'; form-action 'self'"
    ))
}

/// The policy of a page in the app's layout that runs nothing.
#[must_use]
pub fn framed_page_policy() -> HeaderValue {
    reported_policy("style-src 'self'; img-src 'self'; manifest-src 'self'; form-action 'self'")
}

/// The policy of a page that stands for itself, with the style in it that has this hash.
#[must_use]
pub fn lone_page_policy(style: &str) -> HeaderValue {
    policy(&format!("style-src '{style}'; form-action 'self'"), "")
}

/// A policy whose violations browsers report (ASVS 3.4.7). Those that do not know `report-to` use `report-uri`.
fn reported_policy(allowed: &str) -> HeaderValue {
    policy(allowed, &format!("; report-to csp; report-uri {}", csp_reports::PATH))
}

fn is_reported(policy: &HeaderValue) -> bool {
    policy.as_bytes().ends_with(csp_reports::PATH.as_bytes())
}

fn policy(allowed: &str, reports: &str) -> HeaderValue {
    let text = format!(
        "default-src 'none'; {allowed}; object-src 'none'; base-uri 'none'; frame-ancestors 'none'{reports}"
    );
    // A nonce is base64; without one nothing may run.
    HeaderValue::from_str(&text).unwrap_or(NOTHING)
}

/// Whether pages are told when the app was built anew: by `cargo leptos watch` alone.
#[must_use]
pub fn reloads() -> bool {
    std::env::var_os("LEPTOS_WATCH").is_some()
}
