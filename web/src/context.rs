//! Functions that give server functions and pages the session, the database and the request. Outside of a request they fail with
//! [`AppError::Internal`].

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header::USER_AGENT, request::Parts};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use session::{Database, Session};

use crate::{error::AppError, feature::API};

/// The address of the client, from a source that the settings trust. The server inserts it into each request.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    pub fn of(extensions: &http::Extensions) -> Option<IpAddr> {
        extensions.get::<Self>().map(|address| address.0)
    }
}

/// The request that calls a server function.
#[derive(Clone, Debug)]
pub struct RequestContext {
    pub session: Session,
    pub db: Database,
    pub address: Option<IpAddr>,
    /// The first 300 characters of the `User-Agent` header.
    pub user_agent: Option<String>,
    /// In seconds since 1970.
    pub now: i64,
}

impl RequestContext {
    /// In characters. The headers of browsers are shorter.
    const MAX_USER_AGENT: usize = 300;

    pub fn current() -> Result<Self, AppError> {
        let parts = expect_service::<Parts>()?;
        let session = Session::of(&parts)?;
        let name = parts.headers.get(USER_AGENT).and_then(|name| name.to_str().ok());
        Ok(Self {
            now: session.now(),
            session,
            db: db()?,
            address: ClientAddress::of(&parts.extensions),
            user_agent: name.map(|name| name.chars().take(Self::MAX_USER_AGENT).collect()),
        })
    }
}

pub fn db() -> Result<Database, AppError> {
    expect_service()
}

/// A value that a feature has [provided](crate::server_feature::Setup::provide).
pub fn expect_service<T: Clone + 'static>() -> Result<T, AppError> {
    use_context::<T>().ok_or(AppError::Internal)
}

pub fn session() -> Result<Session, AppError> {
    Ok(Session::of(&expect_service::<Parts>()?)?)
}

pub fn headers() -> Result<HeaderMap, AppError> {
    Ok(expect_service::<Parts>()?.headers)
}

pub fn add_response_header(name: HeaderName, value: HeaderValue) -> Result<(), AppError> {
    expect_service::<ResponseOptions>()?.append_header(name, value);
    Ok(())
}

/// Whether a page is being rendered, rather than a server function called over the network.
pub fn is_rendering_page() -> bool {
    use_context::<Parts>().is_some_and(|parts| !parts.uri.path().starts_with(API))
}

/// Whether the page being rendered was opened by a [user navigation](is_user_navigation).
pub fn is_opened_by_user() -> bool {
    use_context::<Parts>().is_some_and(|parts| is_user_navigation(&parts.method, &parts.headers))
}

/// Whether the user opened this page by a link of this site, the address bar or a reload. Prefetches, links and frames of other sites,
/// and `HEAD` requests do not count (Fetch Metadata).
pub fn is_user_navigation(method: &Method, headers: &HeaderMap) -> bool {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let is_prefetch = ["sec-purpose", "purpose"]
        .iter()
        .any(|name| header(name).is_some_and(|purpose| purpose.contains("prefetch")));
    method == Method::GET
        && !is_prefetch
        && header("sec-fetch-site").is_none_or(|site| matches!(site, "none" | "same-origin"))
        && header("sec-fetch-dest").is_none_or(|dest| dest == "document")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_navigation(method: Method, headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_user_navigation(&method, &headers.collect())
    }

    #[test]
    fn links_of_this_site_the_address_bar_and_scripts_are_navigations() {
        assert!(is_navigation(Method::GET, &[]));
        assert!(is_navigation(Method::GET, &[("sec-fetch-site", "none"), ("sec-fetch-dest", "document")]));
        assert!(is_navigation(
            Method::GET,
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "document")]
        ));
    }

    #[test]
    fn other_sites_frames_prefetches_and_head_requests_are_not() {
        assert!(!is_navigation(Method::HEAD, &[]));
        assert!(!is_navigation(
            Method::GET,
            &[("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "document")]
        ));
        assert!(!is_navigation(
            Method::GET,
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "iframe")]
        ));
        assert!(!is_navigation(Method::GET, &[("sec-purpose", "prefetch;prerender")]));
    }
}
