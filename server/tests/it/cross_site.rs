//! Requests from another site are refused, with any method and path.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};

use crate::client::{Response, TestApp, Visitor};

/// The headers that browsers send with a request from another site.
const CROSS_SITE: [&[(&str, &str)]; 4] = [
    &[("sec-fetch-site", "cross-site"), ("origin", "http://satchel.test")],
    &[("sec-fetch-site", "same-site")],
    &[("origin", "http://evil.test")],
    &[("origin", "null")],
];

async fn send(
    visitor: &Visitor<'_>,
    method: Method,
    path: &str,
    accept: &str,
    headers: &[(&str, &str)],
) -> Response {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("accept", accept)
        .header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    visitor.send(request.body(Body::from("theme=dark")).unwrap()).await
}

/// Security: 3.5.1
#[tokio::test]
async fn requests_from_another_site_change_nothing() {
    let app = TestApp::start().await;
    for headers in CROSS_SITE {
        let visitor = app.visitor();
        let script =
            send(&visitor, Method::POST, "/api/preferences/theme", "application/json", headers).await;
        assert_eq!((script.status, script.sets_cookie()), (StatusCode::FORBIDDEN, false), "{headers:?}");
        assert_eq!(script.json()["error"], "cross_site");

        let form = send(&visitor, Method::POST, "/api/preferences/theme", "text/html", headers).await;
        assert_eq!((form.status, form.sets_cookie()), (StatusCode::FORBIDDEN, false), "{headers:?}");
        assert!(form.body.contains("another website"), "{}", form.body);
    }
    assert_eq!(app.sessions().await, 0);
}

/// Security: 3.5.1, 3.5.2
#[tokio::test]
async fn unsafe_methods_from_another_site_are_refused_at_every_path() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        for path in ["/", "/login", "/api/preferences/theme", "/api/nothing", "/favicon.svg", "/nothing"] {
            let response = send(&visitor, method.clone(), path, "*/*", CROSS_SITE[0]).await;
            assert_eq!(response.status, StatusCode::FORBIDDEN, "{method} {path}");
        }
    }
}

/// Security: 3.5.1
#[tokio::test]
async fn a_plain_form_of_this_site_needs_no_token() {
    let app = TestApp::start().await;
    for headers in [
        &[("sec-fetch-site", "same-origin"), ("origin", "http://satchel.test")][..],
        &[("sec-fetch-site", "none")],
        &[("origin", "http://satchel.test")],
        &[],
    ] {
        let visitor = app.visitor();
        let response = send(&visitor, Method::POST, "/api/preferences/theme", "text/html", headers).await;
        assert_eq!(response.status, StatusCode::SEE_OTHER, "{headers:?}");
        assert_eq!(visitor.get("/api/visitor/show").await.json()["theme"], "dark", "{headers:?}");
    }
}
