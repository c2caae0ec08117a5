//! The account page: access, the name, forms that survive a sign-in, and deletion.

use axum::http::StatusCode;
use serde_json::json;
use time::Duration;

use crate::client::{DEMO, PASSWORD, TestApp};

/// Security: 8.3.1
#[tokio::test]
async fn a_guest_signs_in_and_returns_to_the_private_page() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let response = visitor.open("/account?from=menu").await;
    assert_eq!(
        (response.status, response.location()),
        (StatusCode::SEE_OTHER, "/login?next=%2Faccount%3Ffrom%3Dmenu")
    );
    assert_eq!(
        (response.body.as_str(), response.sets_cookie()),
        ("", false),
        "neither the page nor a session"
    );
    let page = visitor.open(response.location()).await.body;
    assert!(page.contains("Please sign in to continue."), "{page}");
    let form = format!("{DEMO}&next=/account?from=menu");
    assert_eq!(visitor.submit("/login", "/api/auth/login", &form).await.location(), "/account?from=menu");
    assert_eq!(visitor.open("/account").await.status, StatusCode::OK);
}

/// Security: what was typed survives
#[tokio::test]
async fn a_plain_form_is_filled_in_again_after_signing_in() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.sign_in().await;
    app.clock.advance(Duration::hours(1));
    let response =
        visitor.submit("/account", "/api/auth/name", "name=Countess+Ada&whose=demo@example.com").await;
    assert_eq!(response.location(), "/login?next=%2Faccount");
    let page = visitor.open(response.location()).await.body;
    assert!(page.contains("Your session has ended.") && !page.contains("Countess Ada"), "{page}");
    let form = format!("{DEMO}&next=/account");
    let page = visitor.submit_and_follow(response.location(), "/api/auth/login", &form).await.body;
    assert!(page.contains("value=\"Countess Ada\"") && page.contains("You are signed in now."), "{page}");
    let page = visitor.open("/account").await.body;
    assert!(!page.contains("Countess Ada"), "only once: {page}");
}

/// Security: what was typed survives
#[tokio::test]
async fn a_form_is_not_filled_in_with_the_text_of_another_user() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    let page = visitor.open("/account").await.body;
    assert!(page.contains("name=\"whose\" value=\"ada@example.com\""), "{page}");
    app.clock.advance(Duration::hours(1));
    visitor.submit("/account", "/api/auth/name", "name=Countess&whose=ada@example.com").await;
    visitor.sign_in().await;
    let page = visitor.open("/account").await.body;
    assert!(page.contains("demo@example.com") && !page.contains("Countess"), "{page}");
}

/// Security: 7.3.1
#[tokio::test]
async fn polling_does_not_keep_a_session_alive() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.sign_in().await;
    for minutes in [20, 9] {
        app.clock.advance(Duration::minutes(minutes));
        assert_eq!(visitor.get("/api/visitor/peek").await.json()["user"]["name"], "Demo");
    }
    app.clock.advance(Duration::minutes(1));
    assert_eq!(visitor.get("/api/visitor/peek").await.json()["user"], json!(null));
}

#[tokio::test]
async fn a_changed_name_is_shown_and_an_invalid_one_is_refused() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    assert_eq!(visitor.post("/api/auth/name", "name=Countess").await.json()["user"]["name"], "Countess");
    let page = visitor.submit_and_follow("/account", "/api/auth/name", "name=+").await.body;
    assert!(page.contains("Please fill in this field.") && page.contains("Countess"), "{page}");
}

#[tokio::test]
async fn a_form_opened_by_another_user_changes_nothing() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    visitor.register("Eve").await;
    let response = visitor.post("/api/auth/name", "name=Countess&whose=ada@example.com").await;
    assert_eq!(response.status, StatusCode::UNAUTHORIZED);
    assert_eq!(visitor.name().await.as_deref(), Some("Eve"));
}

/// Security: 7.4.2
#[tokio::test]
async fn deleting_an_account_removes_its_data_and_sessions() {
    let app = TestApp::start().await;
    let (visitor, phone) = (app.visitor(), app.visitor());
    visitor.register("Ada").await;
    phone.sign_in_as("Ada").await;
    assert_eq!(
        visitor.post("/api/auth/delete", "password=wrong").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let response = visitor.submit("/account", "/api/auth/delete", &format!("password={PASSWORD}")).await;
    assert_eq!((response.status, response.location()), (StatusCode::SEE_OTHER, "/"));
    assert!(response.headers.contains_key("clear-site-data"));
    assert!(visitor.open("/").await.body.contains("Your account has been deleted"));
    assert_eq!((visitor.name().await, phone.name().await), (None, None));
    assert_eq!(app.visitor().sign_in_as("Ada").await.status, StatusCode::UNAUTHORIZED);
    for table in ["users where name = 'Ada'", "sessions where owner is not null"] {
        let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&app.pool)
            .await
            .unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}

/// Security: 14.3.1, 14.3.2
#[tokio::test]
async fn signing_out_clears_the_data_in_the_browser() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.sign_in().await;
    assert_eq!(visitor.open("/account").await.headers["cache-control"], "no-store");
    let response = visitor.post("/api/auth/logout", "").await;
    assert_eq!(response.headers["clear-site-data"], r#""cache", "storage""#);
    visitor.sign_in().await;
    let response = visitor.submit("/account", "/api/auth/logout", "").await;
    assert_eq!(response.headers["clear-site-data"], r#""cache", "storage""#);
    assert!(!visitor.begin_session().await.headers.contains_key("clear-site-data"));
    visitor.sign_in().await;
    let response = visitor.submit("/account", "/api/auth/delete", "password=wrong").await;
    assert!(
        !response.headers.contains_key("clear-site-data"),
        "a visitor who stays signed in keeps the data"
    );
}
