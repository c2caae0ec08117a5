//! Reports about the Content Security Policy are logged within limits and without secrets.

use std::io;

use axum::{
    body::{Body, Bytes},
    http::{Request, StatusCode},
};
use futures::stream;
use serde_json::json;

use crate::{
    captured_log::CapturedLog,
    client::{Response, TestApp},
};

const SINGLE: &str = "application/csp-report";
const LIST: &str = "application/reports+json";

/// A report to a `report-uri`. Every part that must not be logged contains "secret".
fn single() -> String {
    json!({ "csp-report": {
        "document-uri": "http://satchel.test/login?name=secret",
        "referrer": "http://satchel.test/secret",
        "effective-directive": "img-src",
        "original-policy": "script-src 'nonce-secret'",
        "disposition": "enforce",
        "blocked-uri": "http://evil.test/secret.png?secret",
        "line-number": 7,
        "source-file": "http://satchel.test/pkg/satchel.js?secret",
        "script-sample": "secret",
    }})
    .to_string()
}

/// A list of the same reports for a `report-to` endpoint, after one of another type.
fn list(reports: usize) -> String {
    let violation = json!({ "age": 1, "type": "csp-violation", "url": "http://satchel.test/?secret", "body": {
        "documentURL": "http://satchel.test/login?name=secret",
        "effectiveDirective": "img-src",
        "disposition": "enforce",
        "blockedURL": "http://evil.test/secret.png?secret",
        "lineNumber": 7,
        "sourceFile": "http://satchel.test/pkg/satchel.js?secret",
        "sample": "secret",
    }});
    let mut reports = vec![violation; reports];
    reports.insert(0, json!({ "type": "deprecation", "body": { "message": "secret" } }));
    json!(reports).to_string()
}

/// Sends a report from an address, as a browser does.
async fn report(app: &TestApp, address: &str, kind: &str, body: impl Into<Body>) -> Response {
    let request = Request::post("/csp-reports")
        .header("content-type", kind)
        .header("sec-fetch-site", "same-origin")
        .header("x-real-ip", address);
    app.visitor().send(request.body(body.into()).unwrap()).await
}

/// Security: 3.4.7
#[tokio::test]
async fn a_report_of_either_format_is_logged_without_queries_and_samples() {
    let log = CapturedLog::start();
    let app = TestApp::start_behind_proxy().await;
    for (kind, body) in
        [(SINGLE, single()), (LIST, list(1)), ("Application/CSP-Report; charset=utf-8", single())]
    {
        let response = report(&app, "10.0.0.1", kind, body).await;
        assert_eq!((response.status, response.body.as_str()), (StatusCode::NO_CONTENT, ""), "{kind}");
        assert!(!response.sets_cookie(), "{kind}");
    }
    let expected = concat!(
        "a page violated its content security policy directive=\"img-src\" disposition=\"enforce\" ",
        "blocked=\"http://evil.test\" document=\"/login\" source=\"/pkg/satchel.js\" line=7"
    );
    assert_eq!(log.of("csp"), [expected; 3]);
    assert_eq!(app.sessions().await, 0);
}

#[tokio::test]
async fn a_report_needs_neither_a_session_nor_the_database() {
    let app = TestApp::start_behind_proxy().await;
    app.change("drop table sessions").await;
    assert_eq!(report(&app, "10.0.0.1", SINGLE, single()).await.status, StatusCode::NO_CONTENT);
}

/// Security: 3.4.7
#[tokio::test]
async fn a_page_names_the_path_that_takes_reports() {
    let app = TestApp::start_behind_proxy().await;
    let page = app.visitor().open("/login").await;
    let endpoints = page.headers["reporting-endpoints"].to_str().unwrap();
    let path = endpoints.strip_prefix("csp=\"").unwrap().strip_suffix('"').unwrap();
    let request = Request::post(path).header("content-type", LIST).body(Body::from(list(1))).unwrap();
    assert_eq!(app.visitor().send(request).await.status, StatusCode::NO_CONTENT);
}

/// Security: 3.4.7
#[tokio::test]
async fn an_invalid_report_is_refused_and_not_logged() {
    let log = CapturedLog::start();
    let app = TestApp::start_behind_proxy().await;
    for (kind, body, status) in [
        ("application/json", single(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("text/plain", single(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("", single(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (SINGLE, list(1), StatusCode::BAD_REQUEST),
        (LIST, single(), StatusCode::BAD_REQUEST),
        (LIST, "[".to_owned(), StatusCode::BAD_REQUEST),
        (SINGLE, String::new(), StatusCode::BAD_REQUEST),
        (LIST, list(100), StatusCode::PAYLOAD_TOO_LARGE),
        (SINGLE, " ".repeat(16 * 1024 + 1), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let response = report(&app, "10.0.0.1", kind, body).await;
        assert_eq!((response.status, response.body.as_str()), (status, ""), "{kind}");
    }
    let page = app.visitor().open("/csp-reports").await;
    assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(log.of("csp"), [""; 0]);
}

#[tokio::test]
async fn at_most_five_reports_of_a_list_are_logged() {
    let log = CapturedLog::start();
    let app = TestApp::start_behind_proxy().await;
    assert_eq!(report(&app, "10.0.0.1", LIST, list(20)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(log.of("csp").len(), 5);
}

#[tokio::test]
async fn a_report_from_another_site_is_refused() {
    let log = CapturedLog::start();
    let app = TestApp::start_behind_proxy().await;
    let request = Request::post("/csp-reports")
        .header("content-type", SINGLE)
        .header("sec-fetch-site", "cross-site")
        .body(Body::from(single()));
    assert_eq!(app.visitor().send(request.unwrap()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(log.of("csp"), [""; 0]);
}

#[tokio::test]
async fn a_slow_report_does_not_block_other_requests() {
    let settings = [("CLIENT_IP_SOURCE", "XRealIp"), ("REQUEST_LIMIT", "1")];
    let app = TestApp::start_with(&settings).await;
    let endless = Body::from_stream(stream::pending::<io::Result<Bytes>>());
    let visitor = app.visitor();
    tokio::select! {
        biased;
        response = report(&app, "10.0.0.1", SINGLE, endless) => panic!("{}", response.status),
        response = visitor.get("/api/visitor/show") => assert_eq!(response.status, StatusCode::OK),
    }
}

/// Sends reports from an address until one is refused, and returns how many were accepted.
async fn accepted(app: &TestApp, address: &str) -> usize {
    for count in 0..1_000 {
        let response = report(app, address, SINGLE, single()).await;
        if response.status == StatusCode::TOO_MANY_REQUESTS {
            assert!(response.headers.contains_key("retry-after"));
            return count;
        }
        assert_eq!(response.status, StatusCode::NO_CONTENT);
    }
    panic!("{address} is not limited");
}

/// Security: 3.4.7
#[tokio::test]
async fn reports_over_the_limits_are_refused_and_not_logged() {
    let log = CapturedLog::start();
    let app = TestApp::start_behind_proxy().await;
    // A few more than the limits, because permits are returned while the test runs.
    let first = accepted(&app, "2001:db8::1").await;
    assert!((60..80).contains(&first), "{first}");
    let neighbour = accepted(&app, "2001:db8::2").await;
    assert!(neighbour < 20, "the same network: {neighbour}");
    let other = accepted(&app, "10.0.0.1").await;
    assert!((1..80).contains(&other), "{other}");
    let last = accepted(&app, "10.0.0.2").await;
    assert!(last < 20, "the limit of all: {last}");
    assert_eq!(log.of("csp").len(), first + neighbour + other + last);
}
