//! Pages: takes the snapshot of the visitor's session, sends guests away from private pages, then renders.

use std::{
    future::poll_fn,
    sync::{Arc, LazyLock, OnceLock},
};

use app::{
    App,
    context::is_opened,
    error::AppError,
    nav::{self, LocalPath},
    shell,
    storage::{PageKey, Storage},
    ui::{KeptPage, ResponseStatus},
    visitor::{self, Visitor},
};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Extension, State},
    http::{Request, StatusCode},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
};
use leptos::prelude::{Owner, provide_context};
use leptos_axum::{AxumRouteListing, generate_route_list, render_app_async_with_context};
use session::Session;
use tracing::Instrument;
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

/// The page for one request: as it was made a moment ago from all the same, or made now.
pub async fn page(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    session: Session,
    request: Request<Body>,
) -> Response {
    let session = match session.version().await {
        Ok(version) => version,
        Err(error) => return out_of_order(AppError::from(error).status()),
    };
    let address = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    // How long the session goes on may be told as it stood before this very request, which keeps it alive: a minute short at most.
    let key = PageKey { address, visitor: Visitor { session: None, ..visitor.clone() }, session };
    let pages = state.backend.db.pages.clone();
    let made = pages.get(&key, async {
        // In a task of its own, which comes to its end even if nobody waits for the answer any more: a page that is left half-made
        // panics where parts of it are made in tasks of Leptos' own.
        match tokio::spawn(render(state, visitor, request).in_current_span()).await {
            Ok(made) => made.map(Some),
            Err(panicked) => {
                tracing::error!(%panicked, "a page broke off");
                Err(out_of_order(StatusCode::INTERNAL_SERVER_ERROR))
            }
        }
    });
    match made.await {
        Ok(html) => Html(Bytes::from_owner(html.unwrap_or_default())).into_response(),
        Err(response) => response,
    }
}

/// Renders the app for one request: a page that may be kept, or a response. Which page it is, the app's own router knows.
async fn render(state: AppState, visitor: Visitor, request: Request<Body>) -> Result<Arc<[u8]>, Response> {
    let (status, kept) = (ResponseStatus::default(), KeptPage::default());
    let (wanted, allowed) = (status.clone(), kept.clone());
    let options = state.leptos.clone();
    let owner = Arc::new(OnceLock::new());
    let of_page = owner.clone();
    let context = move || {
        of_page.get_or_init(Owner::current);
        state.provide();
        // What is told once is not kept.
        if visitor.flash.is_empty() {
            provide_context(kept.clone());
        }
        provide_context(visitor.clone());
        provide_context(status.clone());
    };
    let render = render_app_async_with_context(context, move || shell(options.clone()));
    let mut rendering = render(request);
    let rendered = poll_fn(|task| match owner.get() {
        // After a wait Leptos takes the thread's current owner for the page's, which may be another page's by then: that one's
        // head would get the names of this one's code.
        Some(Some(owner)) => owner.with(|| rendering.as_mut().poll(task)),
        _ => rendering.as_mut().poll(task),
    });
    let mut response = rendered.await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = wanted.get();
    }
    let (head, body) = response.into_parts();
    match to_bytes(body, usize::MAX).await {
        Ok(html) if head.status == StatusCode::OK && allowed.is_allowed() => Ok(Arc::from(&*html)),
        Ok(html) => Err(Response::from_parts(head, Body::from(html))),
        Err(error) => {
            tracing::error!(%error, "a page broke off");
            Err(out_of_order(StatusCode::INTERNAL_SERVER_ERROR))
        }
    }
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
