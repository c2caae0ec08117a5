//! The page for when a page cannot be made. It needs nothing: no database, no session, no other file.

use app::error::AppError;
use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use leptos::nonce::Nonce;
use tower_http::request_id::RequestId;

use crate::{forms, headers::lone_page_policy};

/// The page, as a proxy may show it too, when there is no server at all.
const PAGE: &str = include_str!("../../public/500.html");

/// Marks a response whose page is still to be written: the layer that writes it knows the request's id.
#[derive(Clone, Debug)]
struct Failed(AppError);

/// A response that shows an error on a page of its own.
pub fn page(error: &AppError) -> Response {
    let mut response = error.status().into_response();
    if let Some(seconds) = error.retry_after() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.extensions_mut().insert(Failed(error.clone()));
    response
}

/// An error as the caller likes it: on a page of its own, or as JSON.
pub fn answer(error: &AppError, headers: &HeaderMap) -> Response {
    if forms::accepts_html(headers) { page(error) } else { forms::json(error) }
}

/// The middleware that writes these pages. The request's id stands in them, by which the log is searched: to be told by whoever
/// reports it.
pub async fn explain(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let mut response = next.run(request).await;
    let Some(Failed(error)) = response.extensions_mut().remove() else { return response };
    let id = id.as_ref().and_then(|id| id.header_value().to_str().ok()).unwrap_or_default();
    let nonce = Nonce::new();
    *response.body_mut() = Body::from(write(&error, id, &nonce));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, lone_page_policy(&nonce));
    response
}

fn write(error: &AppError, id: &str, nonce: &Nonce) -> String {
    let title = match error.status() {
        StatusCode::FORBIDDEN => "This came from another site",
        StatusCode::TOO_MANY_REQUESTS => "Please wait a little",
        _ if *error == AppError::Busy => "Please try again in a moment",
        StatusCode::SERVICE_UNAVAILABLE => "We will be back in a moment",
        status if status.is_client_error() => "We cannot do that",
        _ => "Something went wrong on our side",
    };
    let page = PAGE.replace("<style>", &format!("<style nonce=\"{nonce}\">"));
    // A comment within a title would be text.
    let page = fill(&page, "heading", &format!("<title>{title} · Satchel</title>"));
    let page = fill(&page, "title", title);
    let page = fill(&page, "words", &error.to_string());
    // Of what is no fault of ours the log says nothing, nor of each that there was no room for.
    if !error.status().is_server_error() || *error == AppError::Busy {
        return page;
    }
    fill(&page, "request", &format!("<p>If you tell us about it, give us this number: <code>{id}</code></p>"))
}

/// Puts `text`, which is none of a visitor's, in place of what stands between the marks of that name, wherever they are.
fn fill(page: &str, name: &str, text: &str) -> String {
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let mut parts = page.split(open.as_str());
    let before = parts.next().unwrap_or_default().to_owned();
    parts.fold(before, |filled, part| {
        let rest = part.split_once(close.as_str()).map_or("", |(_, rest)| rest);
        filled + text + rest
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_happened_and_by_which_number_to_find_it() {
        let page = write(&AppError::Unavailable, "abc-123", &Nonce::from_value("n0nce"));
        for part in [
            "<title>We will be back in a moment · Satchel</title>",
            "<h1>We will be back in a moment</h1>",
            &AppError::Unavailable.to_string(),
            "<code>abc-123</code>",
            "<style nonce=\"n0nce\">",
            "</html>",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        let busy = write(&AppError::Busy, "abc-123", &Nonce::from_value("n0nce"));
        assert!(!busy.contains("abc-123"), "there is nothing to find by it: {busy}");
        assert!(!page.contains("<!-- words") && !page.contains("<!-- /"), "{page}");
    }

    #[test]
    fn the_page_stands_by_itself() {
        assert!(!PAGE.contains("src=") && !PAGE.contains("url(") && !PAGE.contains("<link"), "{PAGE}");
    }
}
