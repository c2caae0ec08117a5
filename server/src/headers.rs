//! Security headers of every response (ASVS 3.4). A page has its own content security policy, with the nonce of the response.

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
use web::csp;

/// A year, including subdomains (ASVS 3.4.1).
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

/// Where browsers send violations of a policy with `report-to csp` (W3C Reporting API, 3.2).
const REPORTING_ENDPOINTS: HeaderName = HeaderName::from_static("reporting-endpoints");
const ENDPOINTS: HeaderValue = HeaderValue::from_static("csp=\"/csp-reports\"");

/// The headers of all responses.
const ALWAYS: [(HeaderName, HeaderValue); 5] = [
    // Browsers must not guess content types (ASVS 3.4.4).
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // Other sites do not get the address of a page (ASVS 3.4.5). This site does, because a plain form returns to its page.
    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    // Pages of other sites get no reference to the window (ASVS 3.4.8).
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    // Pages of other sites cannot load anything.
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    // No page uses these, so an injected script cannot either.
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
        ),
    ),
];

/// Whether browsers may use HTTPS only (HSTS).
#[derive(Clone, Copy, Debug)]
pub struct HttpsOnly(pub bool);

/// The middleware that adds the headers, unless the response has set them.
pub async fn secure(State(https_only): State<HttpsOnly>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        add(headers, name, value);
    }
    add(headers, CONTENT_SECURITY_POLICY, csp::NOTHING);
    if headers.get(CONTENT_SECURITY_POLICY).is_some_and(csp::is_reported) {
        add(headers, REPORTING_ENDPOINTS, ENDPOINTS);
    }
    if https_only.0 {
        add(headers, STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}

fn add(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    headers.entry(name).or_insert(value);
}
