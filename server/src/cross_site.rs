//! Refuses requests from pages of other sites (ASVS 3.5.1). It compares headers that browsers set, so forms need no token.

use axum::{
    extract::Request,
    http::{
        HeaderMap, HeaderValue,
        header::{HOST, ORIGIN},
    },
    middleware::Next,
    response::Response,
};

use web::{audit, context::ClientAddress, error::AppError, failure};

/// The middleware that refuses requests with unsafe methods (RFC 9110, 9.2.1) from pages of other sites.
pub async fn refuse(request: Request, next: Next) -> Response {
    if request.method().is_safe() || !is_cross_site(request.headers()) {
        return next.run(request).await;
    }
    let address = ClientAddress::of(request.extensions());
    audit::record_request(audit::CROSS_SITE_REFUSED, request.uri(), address, None);
    failure::respond(&AppError::CrossSite, request.headers())
}

/// Whether a browser sent the request from a page of another site. Older browsers, and all browsers over plain HTTP, send only `Origin`.
/// Clients that are not browsers send neither header. The scheme of the origin is ignored, because the server does not know that of the
/// proxy.
fn is_cross_site(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    authority.map(str::as_bytes) != headers.get(HOST).map(HeaderValue::as_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Security: 3.5.1
    #[test]
    fn a_post_from_another_site_is_recognized_by_the_headers_of_the_browser() {
        let is_refused = |names: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("satchel.example:3000"));
            for (name, value) in names {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            is_cross_site(&headers)
        };
        for ours in [
            &[][..],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none"), ("origin", "null")],
            &[("origin", "https://satchel.example:3000")],
        ] {
            assert!(!is_refused(ours), "{ours:?}");
        }
        for theirs in [
            &[("sec-fetch-site", "cross-site"), ("origin", "http://satchel.example:3000")][..],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "https://evil.example")],
            &[("origin", "https://satchel.example")],
            &[("origin", "null")],
        ] {
            assert!(is_refused(theirs), "{theirs:?}");
        }
    }

    proptest! {
        #[test]
        fn only_the_origin_of_the_site_itself_is_accepted(origin in "(https?:|//|/|satchel\\.example:3000|evil\\.example|#|@|:|[ -~]){0,8}", host in "satchel\\.example(:3000)?") {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_str(&host).unwrap());
            headers.insert(ORIGIN, HeaderValue::from_str(&origin).unwrap());
            let ours = origin.split_once("://").is_some_and(|(_, authority)| authority == host);
            prop_assert_eq!(is_cross_site(&headers), !ours);
            // `Sec-Fetch-Site` has precedence.
            headers.insert("sec-fetch-site", HeaderValue::from_static("cross-site"));
            prop_assert!(is_cross_site(&headers));
        }
    }
}
