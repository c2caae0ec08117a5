//! "How this works": the source code that pages show.

use app::source::FOLDS;
use axum::http::StatusCode;

use crate::client::TestApp;

#[tokio::test]
async fn every_fold_is_complete_in_the_first_html_and_can_be_loaded() {
    let app = TestApp::start().await;
    assert!(FOLDS.len() >= 2, "{FOLDS:?}");
    for fold in FOLDS {
        let response = app.visitor().get(&format!("/api/source/show?page={}", fold.name)).await;
        assert!(!response.sets_cookie());
        let html = response.json()["html"].as_str().unwrap().to_owned();
        assert!(html.contains("<figcaption><code>app/src/"), "{html}");
        let page = app.visitor().open(fold.page).await;
        assert!(page.body.contains(&format!("<summary>{}</summary>", fold.title)), "{}", fold.page);
        assert!(page.body.contains(&html), "{} on {}", fold.name, fold.page);
        assert!(!page.body.contains("Loading the code"), "{}", fold.page);
    }
}

// <visits>
#[tokio::test]
async fn a_fold_shows_the_named_items() {
    let app = TestApp::start().await;
    let visits = app.visitor().get("/api/source/show?page=visits").await.json();
    let html = visits["html"].as_str().unwrap();
    for part in ["app/src/visits/store.rs", "SessionValue", "app/src/visits/api.rs", "record_visit"] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(!html.contains("reset_visits"), "{html}");
}
// </visits>

#[tokio::test]
async fn unknown_folds_are_not_found() {
    let app = TestApp::start().await;
    for query in ["", "?page=", "?page=nothing", "?page=../../Cargo.toml", "?page=%00", "?page=Visits"] {
        let response = app.visitor().get(&format!("/api/source/show{query}")).await;
        assert_eq!(response.status, StatusCode::NOT_FOUND, "{query}");
        assert_eq!(response.json()["error"], "not_found", "{query}");
    }
}
