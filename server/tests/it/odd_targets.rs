//! Targets and methods that no page has.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};

use crate::client::TestApp;

#[tokio::test]
async fn what_is_meant_for_a_proxy_is_refused() {
    let app = TestApp::start().await;
    for (method, target, status) in [
        (Method::GET, "satchel.test:80", StatusCode::BAD_REQUEST),
        (Method::POST, "satchel.test:80", StatusCode::METHOD_NOT_ALLOWED),
        (Method::CONNECT, "satchel.test:80", StatusCode::METHOD_NOT_ALLOWED),
        (Method::CONNECT, "/session\\", StatusCode::METHOD_NOT_ALLOWED),
        (Method::OPTIONS, "*", StatusCode::METHOD_NOT_ALLOWED),
        (Method::TRACE, "/nowhere", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let request = Request::builder().method(method.clone()).uri(target).body(Body::empty()).unwrap();
        assert_eq!(app.visitor().send(request).await.status, status, "{method} {target}");
    }
}
