//! The code that pages show of themselves.

use app::source::{FOLDS, table::TABLE};
use axum::http::StatusCode;

use crate::client::TestApp;

#[tokio::test]
async fn every_fold_is_whole_in_the_first_html_of_its_page() {
    let app = TestApp::start().await;
    for fold in TABLE {
        let page = app.visitor().open(fold.path).await;
        let html = FOLDS.html(fold.page).unwrap();
        assert!(page.body.contains("<summary>How "), "{}", fold.path);
        assert!(page.body.contains(html), "{} on {}", fold.page, fold.path);
        assert!(!page.body.contains("Fetching the code"), "{}", fold.path);
        for (file, items) in fold.code {
            assert!(html.contains(&format!("<figcaption><code>{file}</code></figcaption>")), "{html}");
            // The last word of an item is its name, and stands in the code.
            for item in *items {
                let name = item.rsplit([' ', ':']).next().unwrap();
                assert!(html.contains(name), "{item} in {}", fold.page);
            }
        }
    }
}

#[tokio::test]
async fn the_code_can_be_fetched_and_opens_no_session() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    for fold in TABLE {
        let answer = visitor.ask(&format!("/api/source/show?page={}", fold.page)).await;
        assert_eq!(answer.json()["html"].as_str(), FOLDS.html(fold.page));
        assert!(!answer.sets_cookie());
    }
    assert_eq!(app.sessions().await, 0);
}

#[tokio::test]
async fn code_that_nobody_shows_is_not_found() {
    let app = TestApp::start().await;
    for query in ["", "?page=", "?page=nothing", "?page=../../Cargo.toml", "?page=%00", "?page=Visits"] {
        let answer = app.visitor().ask(&format!("/api/source/show{query}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{query}");
        assert_eq!(answer.json()["error"], "not_found", "{query}");
    }
}
