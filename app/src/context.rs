//! What pages and server functions reach on the server: the database, the session, the request.

use std::{net::IpAddr, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, Method, header::USER_AGENT, request::Parts};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use session::Session;

use crate::{
    Site, auth::Limits, cookies::CookieLab, error::AppError, explorer::SessionLog, nav, storage::Storage,
};

/// What the server hands to every page and server function.
#[derive(Clone, Debug)]
pub struct Backend {
    /// The database.
    pub db: Storage,
    /// What the browser is told about the settings.
    pub site: Site,
    /// How often somebody may try to sign in; nothing where there is no limit.
    pub limits: Option<Arc<Limits>>,
    /// What happened to sessions.
    pub log: SessionLog,
    /// What the cookie lab needs to know.
    pub cookies: CookieLab,
}

/// Where a request came from, as far as the settings trust what it says. The server puts it into each request.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

/// Who calls a server function, and by what.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The session.
    pub session: Session,
    /// The database.
    pub db: Storage,
    /// How often somebody may try to sign in.
    pub limits: Option<Arc<Limits>>,
    /// Where the request came from, if that is known.
    pub address: Option<IpAddr>,
    /// What the browser calls itself, shortened.
    pub user_agent: Option<String>,
    /// Now, in seconds since 1970.
    pub now: i64,
}

/// Who calls the server function that runs.
///
/// # Errors
///
/// [`AppError::Internal`] outside a request.
pub fn caller() -> Result<Caller, AppError> {
    /// A browser's own name is far shorter, and the session is no place for a book.
    const MAX_NAME: usize = 300;

    let parts = use_context::<Parts>().ok_or(AppError::Internal)?;
    let backend = use_context::<Backend>().ok_or(AppError::Internal)?;
    let session = Session::of(&parts)?;
    let name = parts.headers.get(USER_AGENT).and_then(|name| name.to_str().ok());
    Ok(Caller {
        now: session.now(),
        session,
        db: backend.db,
        limits: backend.limits,
        address: parts.extensions.get::<ClientAddress>().map(|address| address.0),
        user_agent: name.map(|name| name.chars().take(MAX_NAME).collect()),
    })
}

/// The database.
///
/// # Errors
///
/// [`AppError::Internal`] outside a request.
pub fn db() -> Result<Storage, AppError> {
    use_context::<Backend>().map(|backend| backend.db).ok_or(AppError::Internal)
}

/// What happened to sessions.
///
/// # Errors
///
/// [`AppError::Internal`] outside a request.
pub fn log() -> Result<SessionLog, AppError> {
    use_context::<Backend>().map(|backend| backend.log).ok_or(AppError::Internal)
}

/// The visitor's session.
///
/// # Errors
///
/// [`AppError::Internal`] outside a request.
pub fn session() -> Result<Session, AppError> {
    let parts = use_context::<Parts>().ok_or(AppError::Internal)?;
    Ok(Session::of(&parts)?)
}

/// What the cookie lab needs to know of the settings.
///
/// # Errors
///
/// [`AppError::Internal`] outside a request.
pub fn cookie_lab() -> Result<CookieLab, AppError> {
    use_context::<Backend>().map(|backend| backend.cookies).ok_or(AppError::Internal)
}

/// The headers of the request.
///
/// # Errors
///
/// [`AppError::Internal`] outside a request.
pub fn headers() -> Result<HeaderMap, AppError> {
    use_context::<Parts>().map(|parts| parts.headers).ok_or(AppError::Internal)
}

/// Adds a header to the response.
///
/// # Errors
///
/// [`AppError::Internal`] outside a request.
pub fn respond_with(name: HeaderName, value: HeaderValue) -> Result<(), AppError> {
    let response = use_context::<ResponseOptions>().ok_or(AppError::Internal)?;
    response.append_header(name, value);
    Ok(())
}

/// Whether a page is being rendered, and no server function called over the network.
#[must_use]
pub fn is_rendering_page() -> bool {
    use_context::<Parts>().is_some_and(|parts| !parts.uri.path().starts_with(nav::API))
}

/// Whether a person opened the page that is being rendered: by a link of this site, the address bar or a reload, and not a
/// browser that fetches ahead, another site that links to it or embeds it, or a `HEAD` request (Fetch Metadata).
#[must_use]
pub fn is_opened_by_visitor() -> bool {
    use_context::<Parts>().is_some_and(|parts| is_opened(&parts))
}

/// The same for a request at hand.
#[must_use]
pub fn is_opened(parts: &Parts) -> bool {
    let header = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let ahead = ["sec-purpose", "purpose"]
        .iter()
        .any(|name| header(name).is_some_and(|purpose| purpose.contains("prefetch")));
    parts.method == Method::GET
        && !ahead
        && header("sec-fetch-site").is_none_or(|site| matches!(site, "none" | "same-origin"))
        && header("sec-fetch-dest").is_none_or(|dest| dest == "document")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn opened(method: Method, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        is_opened(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_link_of_this_site_the_address_bar_and_a_script_open_a_page() {
        assert!(opened(Method::GET, &[]));
        assert!(opened(Method::GET, &[("sec-fetch-site", "none"), ("sec-fetch-dest", "document")]));
        assert!(opened(Method::GET, &[("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "document")]));
    }

    #[test]
    fn other_sites_embeds_prefetches_and_head_do_not() {
        assert!(!opened(Method::HEAD, &[]));
        assert!(!opened(Method::GET, &[("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "document")]));
        assert!(!opened(Method::GET, &[("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "iframe")]));
        assert!(!opened(Method::GET, &[("sec-purpose", "prefetch;prerender")]));
    }
}
