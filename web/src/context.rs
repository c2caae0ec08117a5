//! What server functions and pages reach during a request: the session, the database, the request itself.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header::USER_AGENT, request::Parts};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use session::{Database, Session};

use crate::{error::AppError, feature::API};

/// The address of the client, as far as the settings trust what the request says. The server inserts it into each request.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The address in the extensions of a request.
    #[must_use]
    pub fn of(extensions: &http::Extensions) -> Option<IpAddr> {
        extensions.get::<Self>().map(|address| address.0)
    }
}

/// The request that calls a server function.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The session.
    pub session: Session,
    /// The database.
    pub db: Database,
    /// The address of the client, if it is known.
    pub address: Option<IpAddr>,
    /// The first 300 characters of the `User-Agent` header.
    pub user_agent: Option<String>,
    /// Now, in seconds since 1970.
    pub now: i64,
}

impl RequestContext {
    /// The longest `User-Agent`, in characters. Those of browsers are shorter.
    const MAX_USER_AGENT: usize = 300;

    /// The current request.
    ///
    /// # Errors
    ///
    /// [`AppError::Internal`] outside of a request.
    pub fn current() -> Result<Self, AppError> {
        let parts = use_context::<Parts>().ok_or(AppError::Internal)?;
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

/// The database.
///
/// # Errors
///
/// [`AppError::Internal`] outside of a request.
pub fn db() -> Result<Database, AppError> {
    expect_service()
}

/// A value that a feature has [provided](crate::server_feature::Setup::provide).
///
/// # Errors
///
/// [`AppError::Internal`] outside of a request, and if no feature has provided it.
pub fn expect_service<T: Clone + 'static>() -> Result<T, AppError> {
    use_context::<T>().ok_or(AppError::Internal)
}

/// The visitor's session.
///
/// # Errors
///
/// [`AppError::Internal`] outside of a request.
pub fn session() -> Result<Session, AppError> {
    let parts = use_context::<Parts>().ok_or(AppError::Internal)?;
    Ok(Session::of(&parts)?)
}

/// The headers of the request.
///
/// # Errors
///
/// [`AppError::Internal`] outside of a request.
pub fn headers() -> Result<HeaderMap, AppError> {
    use_context::<Parts>().map(|parts| parts.headers).ok_or(AppError::Internal)
}

/// Adds a header to the response.
///
/// # Errors
///
/// [`AppError::Internal`] outside of a request.
pub fn add_response_header(name: HeaderName, value: HeaderValue) -> Result<(), AppError> {
    let response = use_context::<ResponseOptions>().ok_or(AppError::Internal)?;
    response.append_header(name, value);
    Ok(())
}

/// Whether a page is being rendered, rather than a server function called over the network.
#[must_use]
pub fn is_rendering_page() -> bool {
    use_context::<Parts>().is_some_and(|parts| !parts.uri.path().starts_with(API))
}

/// Whether a person opened the page that is being rendered. See [`is_user_navigation`].
#[must_use]
pub fn is_opened_by_user() -> bool {
    use_context::<Parts>().is_some_and(|parts| is_user_navigation(&parts))
}

/// Whether a person opened this page, by a link of this site, the address bar or a reload: not a browser that prefetches, another site
/// that links to it or embeds it, or a `HEAD` request (Fetch Metadata).
#[must_use]
pub fn is_user_navigation(parts: &Parts) -> bool {
    let header = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let is_prefetch = ["sec-purpose", "purpose"]
        .iter()
        .any(|name| header(name).is_some_and(|purpose| purpose.contains("prefetch")));
    parts.method == Method::GET
        && !is_prefetch
        && header("sec-fetch-site").is_none_or(|site| matches!(site, "none" | "same-origin"))
        && header("sec-fetch-dest").is_none_or(|dest| dest == "document")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn is_navigation(method: Method, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        is_user_navigation(&request.body(()).unwrap().into_parts().0)
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
