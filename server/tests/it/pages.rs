//! Pages are complete in their first HTML.

use axum::http::StatusCode;

use crate::client::TestApp;

/// Security: 2.4.1
#[tokio::test]
async fn every_page_is_complete_without_javascript_and_creates_no_session() {
    let app = TestApp::start().await;
    let pages = [
        ("/", "Satchel"),
        // <cookies>
        ("/cookies", "Your browser has not sent any cookies yet."),
        // </cookies>
        ("/login", "Remember me on this device"),
        ("/register", "Create account"),
        // <shop>
        ("/", "Canvas satchel"),
        ("/products/7", "Leather key loop"),
        ("/cart", "Your cart is empty."),
        // </shop>
    ];
    for (path, text) in pages {
        let page = app.visitor().open(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.body.contains(text), "{path}: {}", page.body);
        assert!(page.body.contains("Guest") && page.body.contains("· Satchel</title>"), "{path}");
        assert!(page.body.contains("data-theme=\"system\""), "{path}");
        assert!(!page.sets_cookie(), "{path}");
    }
    assert_eq!(app.sessions().await, 0);
}

#[tokio::test]
async fn unknown_paths_show_a_404_in_the_layout() {
    let app = TestApp::start().await;
    let long = format!("/{}.txt", "a".repeat(5_000));
    let pages = ["/nothing", "/login/more", "/pkg/nothing.js"];
    for path in pages.into_iter().chain([
        "/%ff",
        "/%00",
        "/%00.txt",
        "/..%2f..%2fCargo.toml",
        "/../Cargo.toml",
        &long,
    ]) {
        let page = app.visitor().open(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(path.starts_with("/pkg") || page.body.contains("Guest"), "{path}: {}", page.body);
    }
}

#[tokio::test]
async fn the_theme_is_in_the_first_html() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let page = visitor.submit_and_follow("/login", "/api/preferences/theme", "theme=dark").await;
    assert!(page.body.contains("data-theme=\"dark\""), "{}", page.body);
    assert_eq!(visitor.get("/api/visitor/show").await.json()["theme"], "dark");
}

/// Security: 3.2.2
#[tokio::test]
async fn input_in_forms_and_urls_is_escaped() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let script = "%3Cscript%3Ealert(1)%3C/script%3E";
    let quote = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    let page = visitor
        .submit_and_follow("/login", "/api/auth/login", &format!("email={quote}&password=x"))
        .await
        .body;
    assert!(!page.contains("<script>alert"), "{page}");
    let page =
        visitor.open(&format!("/login?next=/{script}&__path=/api/auth/login&__err={script}")).await.body;
    assert!(!page.contains("<script>alert"), "{page}");
}

/// Security: 16.5.3
#[tokio::test]
async fn an_unavailable_database_gives_503() {
    let app = TestApp::start_with(&[("DATABASE_SHARED", "true")]).await;
    let visitor = app.visitor();
    visitor.sign_in().await;
    app.db.close().await;
    let page = visitor.open("/").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("<html"), "{}", page.body);
    let response = visitor.begin_session().await;
    assert_eq!(
        (response.status, response.body.as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, r#"{"error":"unavailable"}"#)
    );
    assert_eq!(
        visitor.submit("/", "/api/preferences/theme", "theme=dark").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(visitor.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(visitor.get("/healthz").await.status, StatusCode::OK);
}
