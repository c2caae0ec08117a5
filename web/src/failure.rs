//! The failure page, for a request that could not be answered. It needs neither the database nor a session.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Extension, Request, State},
    http::{
        HeaderMap, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use tower_http::request_id::RequestId;

use crate::{
    csp,
    error::AppError,
    response::{accepts_html, json, retry_after},
};

/// A comment in the failure page that is replaced by a text.
pub fn gap(name: &str) -> String {
    format!("<!-- {name} -->")
}

/// The page in the app's layout. Rendered at start, because a server under load may have no time for it.
#[derive(Debug)]
pub struct FailurePage(String);

impl FailurePage {
    /// Takes HTML with the [gaps](gap) `title`, `message` and `more`.
    pub fn new(html: String) -> Self {
        Self(html)
    }

    fn write(&self, error: &AppError, request_id: &str, is_read: bool) -> String {
        let page = self.0.replace(&gap("title"), error.title());
        let page = page.replace(&gap("message"), &error.to_string());
        page.replace(&gap("more"), &more(error, request_id, is_read))
    }
}

/// How to try again, and the id of the request if the error is logged.
fn more(error: &AppError, request_id: &str, is_read: bool) -> String {
    let mut more = String::new();
    if is_read && error.is_temporary() {
        more += "<p><a class=\"button\" href=\"\">Try again</a></p>";
    } else if !is_read && *error != AppError::CrossSite {
        more += "<p>Go back in your browser: what you typed is still there.</p>";
    }
    if error.status().is_server_error() && *error != AppError::Busy {
        more += &format!(
            "<p>If you contact us about this, please mention this number: <code>{request_id}</code></p>"
        );
    }
    more
}

/// The error of a response whose page is written by [`render_failure`], which knows the request's id.
#[derive(Clone, Debug)]
struct Failed(AppError);

/// A response that shows an error on a page of its own.
pub fn page(error: &AppError) -> Response {
    (error.status(), retry_after(error), Extension(Failed(error.clone()))).into_response()
}

/// An error as the client accepts it: a page or JSON.
pub fn respond(error: &AppError, headers: &HeaderMap) -> Response {
    if accepts_html(headers) { page(error) } else { json(error) }
}

/// The middleware that writes the pages of failed responses.
pub async fn render_failure(
    State(failure): State<Arc<FailurePage>>,
    request: Request,
    next: Next,
) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let is_read = request.method().is_safe();
    let mut response = next.run(request).await;
    let Some(Failed(error)) = response.extensions_mut().remove() else { return response };
    let id = id.as_ref().and_then(|id| id.header_value().to_str().ok()).unwrap_or_default();
    *response.body_mut() = Body::from(failure.write(&error, id, is_read));
    let headers = response.headers_mut();
    // axum has set the length of the empty body.
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, csp::page_without_scripts());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(error: &AppError, is_read: bool) -> String {
        let page =
            format!("<title>{0}</title><h1>{0}</h1><p>{1}</p>{2}", gap("title"), gap("message"), gap("more"));
        FailurePage::new(page).write(error, "abc-123", is_read)
    }

    #[test]
    fn the_page_shows_the_error_and_the_id_of_the_request() {
        let page = written(&AppError::Unavailable, true);
        for part in [
            "<title>We'll be back in a moment</title><h1>We'll be back in a moment</h1>",
            &AppError::Unavailable.to_string(),
            "<code>abc-123</code>",
            "Try again</a>",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
    }

    #[test]
    fn an_error_that_is_not_logged_has_no_id() {
        for error in [AppError::Busy, AppError::CrossSite] {
            assert!(!written(&error, true).contains("abc-123"));
        }
    }

    #[test]
    fn a_form_is_not_sent_again_by_a_link() {
        let page = written(&AppError::Internal, false);
        assert!(!page.contains("Try again") && page.contains("Go back in your browser"), "{page}");
    }
}
