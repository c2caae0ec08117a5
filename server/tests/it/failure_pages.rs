//! Error pages have the layout of the app and say what to do.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};

use crate::client::{Response, TestApp};

/// Checks the layout, which contains nothing of the visitor's session.
fn expect_layout(page: &Response) {
    for part in
        ["<html lang=\"en\"", "<nav aria-label=\"Main\"", "<main id=\"content\"", "site-footer", "<h1>"]
    {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
    for part in ["<script", "Guest", "theme-switch", "<!-- "] {
        assert!(!page.body.contains(part), "{part} in {}", page.body);
    }
    assert!(!page.headers["content-security-policy"].to_str().unwrap().contains("script-src"));
    assert_eq!(page.headers["cache-control"], "no-store");
}

// <visits>
#[tokio::test]
async fn a_rate_limited_page_says_how_long_to_wait() {
    let app = TestApp::start_with(&[("SESSION_LIMIT", "1/1h")]).await;
    app.visitor().open("/visits").await;
    let page = app.visitor().open("/visits").await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    expect_layout(&page);
    assert_eq!(page.headers["retry-after"], "3600");
    for part in ["<title>Please wait a moment · Satchel</title>", "in 60 minutes", "Try again</a>"] {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
    assert!(!page.body.contains("<code>"), "a rate limit needs no request id");
}
// </visits>

#[tokio::test]
async fn an_unavailable_page_shows_its_request_id() {
    // Without a cache, each request reads the session from the database.
    let app = TestApp::start_with(&[("DATABASE_SHARED", "true")]).await;
    let visitor = app.visitor();
    visitor.begin_session().await;
    app.change("drop table sessions").await;
    let page = visitor.open("/login").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    expect_layout(&page);
    let id = page.headers["x-request-id"].to_str().unwrap();
    assert!(page.body.contains(&format!("<code>{id}</code>")), "{id} in {}", page.body);
    assert_eq!(page.headers["retry-after"], "5");
}

#[tokio::test]
async fn a_refused_form_explains_the_next_step() {
    let app = TestApp::start().await;
    let form = |origin: &str, body: String| {
        let request = Request::post("/api/preferences/theme")
            .header("accept", "text/html")
            .header("origin", origin)
            .header("host", "satchel.test")
            .header("content-type", "application/x-www-form-urlencoded");
        request.body(Body::from(body)).unwrap()
    };
    let foreign = app.visitor().send(form("http://evil.test", "theme=dark".into())).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    expect_layout(&foreign);
    assert!(foreign.body.contains("Please open the page here and try again."), "{}", foreign.body);
    assert!(!foreign.body.contains("Try again") && !foreign.body.contains("Go back"), "{}", foreign.body);

    app.change("drop table sessions").await;
    let lost = app.visitor().send(form("http://satchel.test", "theme=dark".into())).await;
    assert_eq!(lost.status, StatusCode::SERVICE_UNAVAILABLE);
    expect_layout(&lost);
    assert!(lost.body.contains("Go back in your browser: what you typed is still there."), "{}", lost.body);
}

#[tokio::test]
async fn an_unknown_page_has_the_layout_of_the_app() {
    let app = TestApp::start().await;
    let page = app.visitor().open("/nothing-here").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    for part in ["<h1>Page not found</h1>", "Guest", "<script"] {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
    // <shop>
    assert!(page.body.contains("<search>"), "{}", page.body);
    // </shop>
}
