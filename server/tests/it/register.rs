//! Registration.

use axum::http::StatusCode;
use serde_json::json;

use crate::{
    client::{PASSWORD, TestApp, field_error},
    sign_in_limits::call_from,
};

#[tokio::test]
async fn registering_signs_in_cycles_the_id_and_keeps_the_data_of_the_guest() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.begin_session().await;
    let before = visitor.session_cookie().unwrap();
    let response = visitor.register("Ada").await.json();
    assert_eq!(response["user"]["name"], "Ada");
    assert_eq!(visitor.get("/api/visitor/show").await.json()["theme"], "dark");
    assert_ne!(visitor.session_cookie().unwrap(), before);
    assert_eq!(app.visitor().sign_in_as("Ada").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_plain_form_redirects_to_next_and_shows_a_welcome_message() {
    let app = TestApp::start().await;
    let form = format!("name=Ada&email=ada@example.com&password={PASSWORD}&next=/account");
    let visitor = app.visitor();
    let response = visitor.submit("/register?next=/account", "/api/auth/register", &form).await;
    assert_eq!(response.location(), "/account");
    let page = visitor.open("/account").await.body;
    assert!(page.contains("Your account has been created. Welcome!"), "{page}");
}

#[tokio::test]
async fn a_taken_address_is_a_conflict_regardless_of_case() {
    let app = TestApp::start().await;
    app.visitor().register("ada").await;
    let visitor = app.visitor();
    let form = format!("name=Eve&email=ADA@Example.com&password={PASSWORD}");
    let response = visitor.post("/api/auth/register", &form).await;
    assert_eq!(
        (response.status, response.json()),
        (
            StatusCode::CONFLICT,
            json!({
                "error": "invalid",
                "field": "email",
                "message": "There is already an account with this e-mail. Please sign in instead, or use another address.",
                "conflict": true
            })
        )
    );
    assert_eq!(visitor.name().await, None);

    let page = visitor.submit_and_follow("/register", "/api/auth/register", &form).await.body;
    assert!(field_error("email", &page).contains("There is already an account with this e-mail."), "{page}");
    assert!(page.contains("value=\"Eve\"") && page.contains("value=\"ADA@Example.com\""), "{page}");
    assert!(!page.contains(PASSWORD));
}

/// Security: 15.4.2
#[tokio::test]
async fn fifty_concurrent_registrations_of_one_address_create_one_account() {
    let app = TestApp::start_with(&[("SIGN_IN_LIMIT", "off"), ("CLIENT_IP_SOURCE", "XRealIp")]).await;
    // Different addresses, because one may use only 16 of the 64 places in the queue for hashing.
    let tries = (0..50).map(|number| {
        let visitor = app.visitor();
        async move {
            let form = format!("name=n{number}&email=ada@example.com&password={PASSWORD}");
            call_from(&visitor, &format!("10.0.0.{number}"), "/api/auth/register", &form).await
        }
    });
    let mut statuses = Vec::new();
    for status in futures::future::join_all(tries).await {
        statuses.push(status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::OK).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::CONFLICT).count(), 49);
}

/// Security: 6.2.1, 6.2.4
#[tokio::test]
async fn a_weak_password_is_refused_with_the_reason() {
    let app = TestApp::start().await;
    for (password, message) in [
        ("", "Please fill in this field."),
        ("short", "Please use at least 8 characters."),
        ("PassWord1", "This password is very common. Please choose another one."),
        (
            "lovelace1",
            "This password is too similar to your name, your e-mail or the name of this site. Please choose another one.",
        ),
        (&"ab".repeat(65), "Please use at most 128 characters."),
    ] {
        let form = format!("name=Ada+Lovelace&email=ada@example.com&password={password}");
        let response = app.visitor().post("/api/auth/register", &form).await;
        let expected = json!({ "error": "invalid", "field": "password", "message": message });
        assert_eq!((response.status, response.json()), (StatusCode::UNPROCESSABLE_ENTITY, expected));
    }
}

/// Security: 6.2.11
#[tokio::test]
async fn a_password_that_resembles_the_site_the_name_or_the_address_is_refused() {
    let app = TestApp::start().await;
    for password in ["Satchel2026!", "Lovelace1815", "countess!"] {
        let visitor = app.visitor();
        let form = format!("name=Ada+Lovelace&email=countess@example.com&password={password}");
        let response = visitor.post("/api/auth/register", &form).await;
        assert_eq!(
            (response.status, response.json()),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                json!({ "error": "invalid", "field": "password", "message": "This password is too similar to your name, your e-mail or the name of this site. Please choose another one." })
            ),
            "{password}"
        );
        let page = visitor.submit_and_follow("/register", "/api/auth/register", &form).await.body;
        assert!(
            field_error("password", &page).contains("This password is too similar to"),
            "{password}: {page}"
        );
        assert!(!page.contains(password), "{password}: {page}");
    }
    let form = "name=Ada+Lovelace&email=countess@example.com&password=the+countess+has+a+satchel";
    let response = app.visitor().post("/api/auth/register", form).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let more =
        "&id=1&password_version=99&confirmed_at=9999999999&created_at=0&remember=on&owner=x&user[email]=x";
    let form = format!("name=Ada&email=ada@example.com&password={PASSWORD}{more}");
    let response = visitor.post("/api/auth/register", &form).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    let (id, version): (String, i64) =
        sqlx::query_as("select id, password_version from users where email = 'ada@example.com'")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!((id.len(), version), (36, 1));
    assert!(!response.headers["set-cookie"].to_str().unwrap().contains("Max-Age"), "not remembered");
}
