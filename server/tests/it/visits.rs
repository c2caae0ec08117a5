//! The visit counter.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};

use crate::client::{TestApp, Visitor};

async fn count(visitor: &Visitor<'_>) -> u64 {
    visitor.get("/api/visits/show").await.json()["count"].as_u64().unwrap()
}

#[tokio::test]
async fn each_visit_is_counted_from_one() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    for number in 1..=3 {
        let page = visitor.open("/visits").await;
        assert!(
            page.body.contains(&format!("<strong class=\"counter-number\">{number}</strong>")),
            "{}",
            page.body
        );
    }
    assert_eq!(count(&visitor).await, 3);
    assert_eq!(count(&app.visitor()).await, 0);
}

#[tokio::test]
async fn a_visit_can_be_recorded_by_a_script() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.post("/api/visits/record", "").await;
    let visits = visitor.post("/api/visits/record", "").await.json();
    assert_eq!(visits["count"], 2);
    assert!(visits["first_at"].as_i64().unwrap() <= visits["last_at"].as_i64().unwrap());
}

#[tokio::test]
async fn after_a_reset_the_next_visit_is_number_one() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.open("/visits").await;
    visitor.open("/visits").await;
    let visits = visitor.post("/api/visits/reset", "").await.json();
    assert_eq!((&visits["count"], &visits["first_at"]), (&0.into(), &serde_json::Value::Null));

    let page = visitor.submit_and_follow("/visits", "/api/visits/reset", "").await;
    assert!(page.body.contains("<strong class=\"counter-number\">1</strong>"), "{}", page.body);
    assert!(page.body.contains("The counter has been reset."), "{}", page.body);
}

/// Security: 3.5.3
#[tokio::test]
async fn prefetches_frames_other_sites_and_head_requests_are_not_counted() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.open("/visits").await;
    let others: [(Method, &[(&str, &str)]); 4] = [
        (Method::HEAD, &[]),
        (Method::GET, &[("sec-purpose", "prefetch")]),
        (Method::GET, &[("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "document")]),
        (Method::GET, &[("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "iframe")]),
    ];
    for (method, headers) in others {
        let mut request = Request::builder().method(method).uri("/visits").header("accept", "text/html");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = visitor.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status, StatusCode::OK);
        assert_eq!(count(&visitor).await, 1, "{headers:?}");
    }
}
