//! What a page of another site sends changes nothing, whatever the method, the path and the kind of the request.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};

use crate::client::{Answer, TestApp, Visitor};

/// What browsers say of a request that comes from elsewhere.
const ELSEWHERE: [&[(&str, &str)]; 4] = [
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
    said: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("accept", accept)
        .header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in said {
        request = request.header(*name, *value);
    }
    visitor.send(request.body(Body::from("theme=dark")).unwrap()).await
}

/// Security: 3.5.1
#[tokio::test]
async fn what_a_page_of_another_site_sends_changes_nothing() {
    let app = TestApp::start().await;
    for said in ELSEWHERE {
        let visitor = app.visitor();
        let script = send(&visitor, Method::POST, "/api/preferences/theme", "application/json", said).await;
        assert_eq!((script.status, script.sets_cookie()), (StatusCode::FORBIDDEN, false), "{said:?}");
        assert_eq!(script.json()["error"], "cross_site");

        let form = send(&visitor, Method::POST, "/api/preferences/theme", "text/html", said).await;
        assert_eq!((form.status, form.sets_cookie()), (StatusCode::FORBIDDEN, false), "{said:?}");
        assert!(form.body.contains("another website"), "{}", form.body);
    }
    assert_eq!(app.sessions().await, 0);
}

/// Security: 3.5.1, 3.5.2
#[tokio::test]
async fn every_method_that_may_change_something_is_refused_at_every_path() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        for path in ["/", "/login", "/api/preferences/theme", "/api/nothing", "/favicon.svg", "/nothing"] {
            let answer = send(&visitor, method.clone(), path, "*/*", ELSEWHERE[0]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
        }
    }
}

/// Security: 3.5.1
#[tokio::test]
async fn a_plain_form_of_ours_needs_no_token() {
    let app = TestApp::start().await;
    for said in [
        &[("sec-fetch-site", "same-origin"), ("origin", "http://satchel.test")][..],
        &[("sec-fetch-site", "none")],
        &[("origin", "http://satchel.test")],
        &[],
    ] {
        let visitor = app.visitor();
        let answer = send(&visitor, Method::POST, "/api/preferences/theme", "text/html", said).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{said:?}");
        assert_eq!(visitor.ask("/api/visitor/show").await.json()["theme"], "dark", "{said:?}");
    }
}
