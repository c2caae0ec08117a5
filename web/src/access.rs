//! Access control: pages and server functions are for signed-in users, unless a feature lists them as public.

use std::net::IpAddr;

use axum::{
    body::Body,
    extract::{Extension, State},
    http::{Request, Uri},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use session::Session;
use url::Url;

use crate::{
    audit,
    context::ClientAddress,
    error::AppError,
    feature::matches,
    path::{LocalPath, SIGN_IN_PAGE, with_next},
    response::server_fn_error,
    site::Site,
    snapshot::Visitor,
    visitor,
};

/// The middleware that redirects guests from pages for signed-in users to the sign-in page.
pub async fn guard_pages(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    session: Session,
    request: Request<Body>,
    next: Next,
) -> Response {
    let path = resolve(request.uri().path());
    let is_page = site.pages.iter().any(|page| matches(page, &path));
    if visitor.user.is_some() || !is_page || site.features.is_public(&path) {
        return next.run(request).await;
    }
    let session = session.log_name().await.ok().flatten();
    let address = ClientAddress::of(request.extensions());
    audit::record_request(audit::SIGN_IN_REQUIRED, request.uri(), address, session);
    let path = request.uri().path_and_query().and_then(|path| LocalPath::parse(path.as_str()));
    Redirect::to(&with_next(SIGN_IN_PAGE, path.as_ref())).into_response()
}

/// The path with its dot segments resolved (RFC 3986, 5.2.4), as the app's router sees it.
fn resolve(path: &str) -> String {
    let url = Url::parse(&format!("http://satchel.invalid{path}"));
    url.map_or(path.to_owned(), |url| url.path().to_owned())
}

/// The middleware that refuses calls of guests to server functions for signed-in users.
pub async fn guard_functions(
    State(site): State<Site>,
    session: Session,
    request: Request<Body>,
    next: Next,
) -> Response {
    if site.features.is_public(request.uri().path()) {
        return next.run(request).await;
    }
    let (uri, address) = (request.uri().clone(), ClientAddress::of(request.extensions()));
    match require_user(&site, &session, &uri, address).await {
        Ok(()) => next.run(request).await,
        Err(error) => server_fn_error(&error),
    }
}

async fn require_user(
    site: &Site,
    session: &Session,
    uri: &Uri,
    address: Option<IpAddr>,
) -> Result<(), AppError> {
    if visitor::load(site.features, session, &site.db).await?.user.is_some() {
        return Ok(());
    }
    let (event, error) = if session.has_ended().await? {
        (audit::SESSION_ENDED, AppError::SessionEnded)
    } else {
        (audit::SIGN_IN_REQUIRED, AppError::SignInFirst)
    };
    audit::record_request(event, uri, address, session.log_name().await?);
    Err(error)
}
