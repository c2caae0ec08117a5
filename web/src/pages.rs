//! Answers requests for pages: loads the visitor, then renders the app. Visitors without a session share cached pages.

use std::{
    future::poll_fn,
    sync::{Arc, OnceLock},
};

use axum::{
    body::{Body, to_bytes},
    extract::{Extension, State},
    http::{
        Method, Request, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, SET_COOKIE},
    },
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use leptos::{
    IntoView,
    config::LeptosOptions,
    nonce::Nonce,
    prelude::{Owner, provide_context},
};
use leptos_axum::render_app_async_with_context;
use session::Session;
use tracing::Instrument;

use crate::{
    context::is_user_navigation, csp, document::Document, error::AppError, failure, path::is_ambiguous,
    site::Site, snapshot::Visitor, ui::PageError, visitor,
};

/// The middleware that takes the snapshot of the visitor, once for each page. There is no page at an [ambiguous](is_ambiguous) path.
pub async fn load_visitor(
    State(site): State<Site>,
    session: Session,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    // Before the session is read.
    if is_ambiguous(request.uri().path()) {
        let error = if is_read(request.method()) { AppError::NotFound } else { AppError::WrongMethod };
        return failure::page(&error);
    }
    let visitor = if is_user_navigation(request.method(), request.headers()) {
        let path = request.uri().path().to_owned();
        open_page(&site, &session, &path).await
    } else {
        visitor::load(site.features, &session, &site.db).await
    };
    match visitor {
        Ok(visitor) => {
            request.extensions_mut().insert(visitor);
            next.run(request).await
        }
        Err(error) => failure::page(&error),
    }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// A visitor who opens a page after the session has ended starts a new one.
async fn open_page(site: &Site, session: &Session, path: &str) -> Result<Visitor, AppError> {
    session.start_over().await?;
    visitor::snapshot(site.features, session, &site.db, path).await
}

/// Answers a request for a page. `shell` is the document around the app, whose router chooses the page.
pub async fn page<V: IntoView + 'static>(
    shell: fn(LeptosOptions) -> V,
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    session: Session,
    request: Request<Body>,
) -> Response {
    if !is_read(request.method()) {
        return failure::page(&AppError::WrongMethod);
    }
    // A target without a path, such as `host:80`, is meant for a proxy (RFC 9112, 3.2.3). Leptos panics on it.
    let Some(address) = request.uri().path_and_query().map(ToString::to_string) else {
        return failure::page(&AppError::Malformed);
    };
    let has_no_session =
        !request.headers().contains_key(COOKIE) && is_user_navigation(request.method(), request.headers());
    let db = site.db.clone();
    let render = async {
        // In its own task, because tasks of Leptos panic if the page is dropped when the client disconnects.
        match tokio::spawn(render(shell, site, visitor, session, request).in_current_span()).await {
            Ok(rendered) => rendered,
            Err(panicked) => {
                tracing::error!(%panicked, "rendering a page failed");
                Err(failure::page(&AppError::Internal))
            }
        }
    };
    let document = if has_no_session {
        let key = format!("page {address}");
        db.read_sized(&key, |page: &Arc<Document>| page.size(), render).await
    } else {
        render.await
    };
    document.map_or_else(|response| response, |document| respond(&document))
}

/// The page with a new nonce, and the policy that requires it.
fn respond(document: &Document) -> Response {
    let nonce = Nonce::new();
    ([(CONTENT_SECURITY_POLICY, csp::page(&nonce))], Html(document.with_nonce(&nonce))).into_response()
}

/// Renders the app for one request. A page for this visitor only is returned as a response, in `Err`.
async fn render<V: IntoView + 'static>(
    shell: fn(LeptosOptions) -> V,
    site: Site,
    visitor: Visitor,
    session: Session,
    request: Request<Body>,
) -> Result<Arc<Document>, Response> {
    let page_error = PageError::default();
    let error = page_error.clone();
    let options = site.options.clone();
    let owner = Arc::new(OnceLock::new());
    let owner_of_page = owner.clone();
    let context = move || {
        owner_of_page.get_or_init(Owner::current);
        site.provide();
        provide_context(Document::placeholder());
        provide_context(visitor.clone());
        provide_context(page_error.clone());
    };
    let mut rendering = render_app_async_with_context(context, move || shell(options.clone()))(request);
    let rendered = poll_fn(|task| match owner.get() {
        // After an await, Leptos uses the owner of the current thread, which may belong to another page.
        Some(Some(owner)) => owner.with(|| rendering.as_mut().poll(task)),
        _ => rendering.as_mut().poll(task),
    });
    let mut response = rendered.await;
    if let Some(error) = error.get() {
        if error.is_temporary() {
            return Err(failure::page(error));
        }
        if response.status() == StatusCode::OK {
            *response.status_mut() = error.status();
        }
    }
    let (head, body) = response.into_parts();
    let html = to_bytes(body, usize::MAX).await.map_err(|error| {
        tracing::error!(%error, "rendering a page failed");
        failure::page(&AppError::Internal)
    })?;
    let document = Document::new(&html);
    let is_for_all = head.status == StatusCode::OK
        && !head.headers.contains_key(SET_COOKIE)
        && !head.headers.contains_key(CACHE_CONTROL)
        && matches!(session.handle().await, Ok(None));
    if is_for_all {
        return Ok(Arc::new(document));
    }
    let mut response = respond(&document);
    *response.status_mut() = head.status;
    response.headers_mut().extend(head.headers);
    Err(response)
}
