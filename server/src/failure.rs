//! The page for when a page cannot be made. It needs nothing that may have failed: no database, no session.

use std::sync::LazyLock;

use app::{error::AppError, failure_page};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::prelude::{BASE64_STANDARD, Engine};
use leptos::config::LeptosOptions;
use sha2::{Digest, Sha256};
use tower_http::request_id::RequestId;

use crate::{AppState, forms, headers};

/// Where the page is that needs no other file: a proxy shows it when there is no server at all.
pub const PATH: &str = "/500.html";
const ALONE: &str = include_str!("../../public/500.html");

/// What that page may load: the style that stands in it, known by its hash (CSP Level 3, 2.3.1).
pub static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style =
        ALONE.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).unwrap_or_default();
    headers::lone_page_policy(&format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(style))))
});

/// The page, with gaps for what happened.
#[derive(Debug)]
pub struct FailurePage {
    html: String,
    policy: HeaderValue,
}

impl FailurePage {
    /// In the app's layout, made once: when it is needed there may be no time for it.
    #[must_use]
    pub fn new(options: LeptosOptions) -> Self {
        let html = failure_page(options);
        if ["title", "words", "more"].iter().all(|name| html.contains(&format!("<!-- /{name} -->"))) {
            return Self { html, policy: headers::framed_page_policy() };
        }
        tracing::error!("the page for failures cannot be made: it will be shown without the app's layout");
        Self { html: ALONE.to_owned(), policy: POLICY.clone() }
    }

    fn write(&self, error: &AppError, id: &str, is_read: bool) -> String {
        let title = error.title();
        let (before, rest) = self.html.split_once("<title>").unwrap_or((&self.html, ""));
        let after = rest.split_once("</title>").map_or("", |(_, after)| after);
        let page = format!("{before}<title>{title} · Satchel</title>{after}");
        let page = fill(&page, "title", title);
        let page = fill(&page, "words", &error.to_string());
        fill(&page, "more", &more(error, id, is_read))
    }
}

/// What else helps: the way to try it again, and the number by which the log is searched.
fn more(error: &AppError, id: &str, is_read: bool) -> String {
    let mut more = String::new();
    if is_read && error.may_pass() {
        more += "<p><a class=\"button\" href=\"\">Try again</a></p>";
    } else if !is_read && *error != AppError::CrossSite {
        more += "<p>Go back in your browser: what you typed is still there.</p>";
    }
    // Of what is no fault of ours the log says nothing, nor of each that there was no room for.
    if error.status().is_server_error() && *error != AppError::Busy {
        more += &format!("<p>If you tell us about it, give us this number: <code>{id}</code></p>");
    }
    more
}

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

/// The middleware that writes these pages. The request's id stands in them, to be told by whoever reports it.
pub async fn explain(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let is_read = request.method().is_safe();
    let mut response = next.run(request).await;
    let Some(Failed(error)) = response.extensions_mut().remove() else { return response };
    let id = id.as_ref().and_then(|id| id.header_value().to_str().ok()).unwrap_or_default();
    *response.body_mut() = Body::from(state.failure.write(&error, id, is_read));
    let headers = response.headers_mut();
    // That of the empty body, which axum notes as the answer leaves a route.
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, state.failure.policy.clone());
    response
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

    fn page() -> FailurePage {
        FailurePage::new(LeptosOptions::builder().output_name("satchel").build())
    }

    #[test]
    fn the_page_says_what_happened_and_by_which_number_to_find_it() {
        for made in [page(), FailurePage { html: ALONE.to_owned(), policy: POLICY.clone() }] {
            let page = made.write(&AppError::Unavailable, "abc-123", true);
            for part in [
                "<title>We will be back in a moment · Satchel</title>",
                "We will be back in a moment",
                &AppError::Unavailable.to_string(),
                "<code>abc-123</code>",
                "Try again</a>",
                "</html>",
            ] {
                assert!(page.contains(part), "{part} in {page}");
            }
            let busy = made.write(&AppError::Busy, "abc-123", true);
            assert!(!busy.contains("abc-123"), "there is nothing to find by it: {busy}");
            let sent = made.write(&AppError::Internal, "abc-123", false);
            assert!(!sent.contains("Try again") && sent.contains("Go back in your browser"), "{sent}");
        }
    }

    #[test]
    fn it_has_the_layout_of_all_pages_and_knows_nobody() {
        let page = page().write(&AppError::CrossSite, "abc-123", false);
        for part in ["<nav", "<main id=\"content\"", "<footer", "href=\"/pkg/satchel.css\""] {
            assert!(page.contains(part), "{part} in {page}");
        }
        for part in ["<script", "Guest", "Sign in", "theme-switch", "aria-current", "abc-123"] {
            assert!(!page.contains(part), "{part} in {page}");
        }
    }

    #[test]
    fn the_page_for_when_there_is_no_server_stands_by_itself() {
        assert!(!ALONE.contains("src=") && !ALONE.contains("url(") && !ALONE.contains("<link"), "{ALONE}");
        assert!(POLICY.to_str().unwrap().contains("style-src 'sha256-"), "{POLICY:?}");
    }
}
