//! Pages: loads the visitor, then renders the app, or sends a page again that was rendered for another visitor without a session.

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

/// The middleware that takes the snapshot of the visitor, once for each page. A visitor who opens a page after the session has ended
/// starts a new one. There is no page at an [ambiguous](is_ambiguous) path.
pub async fn load_visitor(
    State(site): State<Site>,
    session: Session,
    request: Request<Body>,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    // Before the session is read.
    if is_ambiguous(parts.uri.path()) {
        let is_read = matches!(parts.method, Method::GET | Method::HEAD);
        let error = if is_read { AppError::NotFound } else { AppError::WrongMethod };
        return failure::page(&error);
    }
    let visitor = if is_user_navigation(&parts) {
        open_page(&site, &session, parts.uri.path()).await
    } else {
        visitor::load(site.features, &session, &site.db).await
    };
    match visitor {
        Ok(visitor) => {
            parts.extensions.insert(visitor);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(error) => failure::page(&error),
    }
}

async fn open_page(site: &Site, session: &Session, path: &str) -> Result<Visitor, AppError> {
    session.start_over().await?;
    visitor::snapshot(site.features, session, &site.db, path).await
}

/// Answers with the page for one request. `shell` is the document around the app, whose router knows which page it is.
pub async fn page<V: IntoView + 'static>(
    shell: fn(LeptosOptions) -> V,
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    session: Session,
    request: Request<Body>,
) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return failure::page(&AppError::WrongMethod);
    }
    // A target without a path, such as `host:80`, is for a proxy (RFC 9112, 3.2.3). Leptos panics at it.
    let Some(address) = request.uri().path_and_query().map(ToString::to_string) else {
        return failure::page(&AppError::Malformed);
    };
    let (parts, body) = request.into_parts();
    // Such visitors all get the same page.
    let has_no_session = !parts.headers.contains_key(COOKIE) && is_user_navigation(&parts);
    let request = Request::from_parts(parts, body);
    let db = site.db.clone();
    let render = async {
        // In a task that runs to its end even if the client disconnects: dropping a page that is half rendered panics in tasks of
        // Leptos.
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

/// The page with the nonce of this response, and the policy that requires it.
fn respond(document: &Document) -> Response {
    let nonce = Nonce::new();
    ([(CONTENT_SECURITY_POLICY, csp::page(&nonce))], Html(document.with_nonce(&nonce))).into_response()
}

/// Renders the app for one request. Returns a response where the page is for this visitor only.
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
        // After an await, Leptos uses the owner of the current thread, which may belong to another page by then.
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
