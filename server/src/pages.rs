//! Pages: takes the snapshot of the visitor's session, sends guests away from private pages, then renders.

use std::sync::LazyLock;

use app::{
    App,
    context::is_opened,
    error::AppError,
    nav::{self, LocalPath},
    shell,
    storage::Storage,
    ui::ResponseStatus,
    visitor::{self, Visitor},
};
use axum::{
    body::Body,
    extract::{Extension, State},
    http::{Request, StatusCode},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
};
use leptos::prelude::provide_context;
use leptos_axum::{AxumRouteListing, generate_route_list, render_app_async_with_context};
use session::Session;
use url::Url;

use crate::AppState;

/// Shown when a page cannot be rendered at all. It needs nothing: no database, no session, no other file.
const OUT_OF_ORDER: &str = include_str!("../../public/500.html");

/// The middleware that takes the snapshot of the visitor's session, once for each page. Who opens a page after its session has
/// ended begins anew.
pub async fn visit(
    State(state): State<AppState>,
    session: Session,
    request: Request<Body>,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let db = &state.backend.db;
    let visitor = if is_opened(&parts) {
        begin_anew(&session, db, parts.uri.path()).await
    } else {
        visitor::load(&session, db).await
    };
    match visitor {
        Ok(visitor) => {
            parts.extensions.insert(visitor);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(error) => out_of_order(error.status()),
    }
}

async fn begin_anew(session: &Session, db: &Storage, path: &str) -> Result<Visitor, AppError> {
    session.start_over().await?;
    visitor::snapshot(session, db, path).await
}

/// The middleware that sends guests away from private pages, to sign in and come back.
pub async fn guard(Extension(visitor): Extension<Visitor>, request: Request<Body>, next: Next) -> Response {
    let uri = request.uri();
    if visitor.user.is_some() || !nav::is_private(&routed(uri.path())) {
        return next.run(request).await;
    }
    let path = uri.path_and_query().and_then(|path| LocalPath::parse(path.as_str()));
    Redirect::to(&nav::with_next(nav::LOGIN, path.as_ref())).into_response()
}

/// The path as the app's router will see it: it resolves dots (RFC 3986, 5.2.4) before it looks for a page.
fn routed(path: &str) -> String {
    let url = Url::parse(&format!("http://satchel.invalid{path}"));
    url.map_or(path.to_owned(), |url| url.path().to_owned())
}

/// Renders the app for one request. Which page it is, the app's own router knows.
pub async fn page(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    request: Request<Body>,
) -> Response {
    let status = ResponseStatus::default();
    let wanted = status.clone();
    let options = state.leptos.clone();
    let context = move || {
        state.provide();
        provide_context(visitor.clone());
        provide_context(status.clone());
    };
    let render = render_app_async_with_context(context, move || shell(options.clone()));
    let mut response = render(request).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = wanted.get();
    }
    response
}

/// The page for when all else fails.
pub fn out_of_order(status: StatusCode) -> Response {
    (status, Html(OUT_OF_ORDER)).into_response()
}

/// The paths of the app's pages, found out once in a process: while Leptos looks for them it keeps back every resource of every page
/// that is being rendered then, for good (leptos-rs/leptos#4773).
pub fn routes() -> Vec<AxumRouteListing> {
    static ROUTES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(App));
    ROUTES.clone()
}
