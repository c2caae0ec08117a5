//! Request targets and methods that do not belong to a page.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};

use time::Duration;

use crate::client::TestApp;

/// Paths that a browser or a proxy may read as the address of another host.
const AMBIGUOUS: [&str; 12] = [
    "//",
    "///",
    "//evil.example",
    "//evil.example/login",
    "//evil.example:99999/login?next=/account",
    "/login//evil.example",
    "/.//evil.example/login",
    "/a/..//evil.example/login",
    "/\\evil.example/login",
    "/login\\",
    "/%2f/evil.example",
    "/%5Cevil.example/login",
];

#[tokio::test]
async fn requests_for_a_proxy_are_refused() {
    let app = TestApp::start().await;
    for (method, target, status) in [
        (Method::GET, "satchel.test:80", StatusCode::BAD_REQUEST),
        (Method::POST, "satchel.test:80", StatusCode::METHOD_NOT_ALLOWED),
        (Method::CONNECT, "satchel.test:80", StatusCode::METHOD_NOT_ALLOWED),
        (Method::CONNECT, "/login\\", StatusCode::METHOD_NOT_ALLOWED),
        (Method::POST, "//evil.example/login", StatusCode::METHOD_NOT_ALLOWED),
        (Method::OPTIONS, "*", StatusCode::METHOD_NOT_ALLOWED),
        (Method::TRACE, "/nowhere", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let request = Request::builder().method(method.clone()).uri(target).body(Body::empty()).unwrap();
        assert_eq!(app.visitor().send(request).await.status, status, "{method} {target}");
    }
}

#[tokio::test]
async fn a_path_that_is_too_long_for_the_disk_is_not_found() {
    let app = TestApp::start().await;
    for path in
        [format!("/{}.js", "a".repeat(300)), format!("{}/x.js", format!("/{}", "a".repeat(250)).repeat(17))]
    {
        assert_eq!(app.visitor().open(&path).await.status, StatusCode::NOT_FOUND, "{} bytes", path.len());
    }
}

/// Security: 3.7.2
#[tokio::test]
async fn a_path_that_may_be_read_as_another_host_is_not_found() {
    let app = TestApp::start().await;
    for path in AMBIGUOUS {
        let page = app.visitor().open(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.body.contains("Not found"), "{path}: {}", page.body);
        for part in ["type=\"password\"", "<script"] {
            assert!(!page.body.contains(part), "{path}: {part} in {}", page.body);
        }
        let request = Request::head(path).body(Body::empty()).unwrap();
        assert_eq!(app.visitor().send(request).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/login", "/login?next=//evil.example"] {
        assert_eq!(app.visitor().open(path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn an_ambiguous_path_does_not_keep_a_session_alive() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.sign_in().await;
    app.clock.advance(Duration::minutes(20));
    for path in AMBIGUOUS {
        assert!(!visitor.open(path).await.sets_cookie(), "{path}");
    }
    app.clock.advance(Duration::minutes(20));
    assert_eq!(visitor.name().await, None, "idle for 40 minutes");
}
