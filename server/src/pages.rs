//! Pages: takes the snapshot of the visitor's session, sends guests away from private pages, then renders.

use std::{
    future::poll_fn,
    sync::{Arc, LazyLock, OnceLock},
};

use app::{
    App,
    auth::audit::{self, Event},
    context::{ClientAddress, is_opened},
    document::Document,
    error::AppError,
    nav::{self, LocalPath},
    shell,
    storage::{PageKey, Storage},
    ui::{KeptPage, PageError},
    visitor::{self, Visitor},
};
use axum::{
    body::{Body, to_bytes},
    extract::{Extension, State},
    http::{Method, Request, StatusCode, header::CONTENT_SECURITY_POLICY},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
};
use leptos::{
    nonce::Nonce,
    prelude::{Owner, provide_context},
};
use leptos_axum::{AxumRouteListing, generate_route_list, render_app_async_with_context};
use session::Session;
use tracing::Instrument;
use url::Url;

use crate::{AppState, failure, headers};

/// The middleware that takes the snapshot of the visitor's session, once for each page. Who opens a page after its session has
/// ended begins anew. At an [ambiguous](nav::is_ambiguous) path there is no page.
pub async fn visit(
    State(state): State<AppState>,
    session: Session,
    request: Request<Body>,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    // Before the session is read. A page there would have an address that its own scripts must not go to.
    if nav::is_ambiguous(parts.uri.path()) {
        let is_read = matches!(parts.method, Method::GET | Method::HEAD);
        let error = if is_read { AppError::NotFound } else { AppError::WrongMethod };
        return failure::page(&error);
    }
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
        Err(error) => failure::page(&error),
    }
}

async fn begin_anew(session: &Session, db: &Storage, path: &str) -> Result<Visitor, AppError> {
    session.start_over().await?;
    visitor::snapshot(session, db, path).await
}

/// The middleware that sends guests away from private pages, to sign in and come back.
pub async fn guard(
    Extension(visitor): Extension<Visitor>,
    session: Session,
    request: Request<Body>,
    next: Next,
) -> Response {
    if visitor.user.is_some() || !nav::is_private(&routed(request.uri().path())) {
        return next.run(request).await;
    }
    let session = session.log_name().await.ok().flatten();
    let address = request.extensions().get().map(|ClientAddress(address)| *address);
    audit::record_request(Event::SignInRequired, request.uri(), address, session);
    let path = request.uri().path_and_query().and_then(|path| LocalPath::parse(path.as_str()));
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
        Err(error) => return failure::page(&error.into()),
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return failure::page(&AppError::WrongMethod);
    }
    // A target without a path, such as `host:80`, is for a proxy (RFC 9112, 3.2.3): Leptos panics at it.
    let Some(address) = request.uri().path_and_query().map(ToString::to_string) else {
        return failure::page(&AppError::Malformed);
    };
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
                Err(failure::page(&AppError::Internal))
            }
        }
    });
    match made.await {
        Ok(Some(document)) => finished(&document),
        Ok(None) => failure::page(&AppError::Internal),
        Err(response) => response,
    }
}

/// The page with a nonce of this response's own, and the policy that asks for it.
fn finished(document: &Document) -> Response {
    let nonce = Nonce::new();
    let policy = headers::page_policy(&nonce, headers::reloads());
    ([(CONTENT_SECURITY_POLICY, policy)], Html(document.with_nonce(&nonce))).into_response()
}

/// Renders the app for one request: a page that may be kept, or a response. Which page it is, the app's own router knows.
async fn render(
    state: AppState,
    visitor: Visitor,
    request: Request<Body>,
) -> Result<Arc<Document>, Response> {
    let (error, kept) = (PageError::default(), KeptPage::default());
    let (failed, allowed) = (error.clone(), kept.clone());
    let options = state.leptos.clone();
    let owner = Arc::new(OnceLock::new());
    let of_page = owner.clone();
    let context = move || {
        of_page.get_or_init(Owner::current);
        state.provide();
        provide_context(Document::placeholder());
        // What is told once is not kept.
        if visitor.flash.is_empty() {
            provide_context(kept.clone());
        }
        provide_context(visitor.clone());
        provide_context(error.clone());
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
    if let Some(error) = failed.get() {
        // What is no fault of the page's is told in its place: with the request's id, and the time to come again.
        if error.may_pass() {
            return Err(failure::page(error));
        }
        if response.status() == StatusCode::OK {
            *response.status_mut() = error.status();
        }
    }
    let (head, body) = response.into_parts();
    match to_bytes(body, usize::MAX).await {
        Ok(html) => {
            let document = Document::new(&html);
            if head.status == StatusCode::OK && allowed.is_allowed() {
                return Ok(Arc::new(document));
            }
            let mut response = finished(&document);
            *response.status_mut() = head.status;
            response.headers_mut().extend(head.headers);
            Err(response)
        }
        Err(error) => {
            tracing::error!(%error, "a page broke off");
            Err(failure::page(&AppError::Internal))
        }
    }
}

/// The paths of the app's pages, found out once in a process: while Leptos looks for them it keeps back every resource of every page
/// that is being rendered then, for good (leptos-rs/leptos#4773).
pub fn routes() -> Vec<AxumRouteListing> {
    static ROUTES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(App));
    ROUTES.clone()
}
