//! Changing and confirming the password of a signed-in user.

use axum::http::StatusCode;
use serde_json::json;
use time::Duration;

use crate::client::{PASSWORD, TestApp, field_error};

const NEW: &str = "four-words-are-better";

/// Whether the account page asks for the password, and hides the forms for sensitive changes until then.
fn asks_to_confirm(page: &str) -> bool {
    let asks = page.contains("action=\"/api/auth/confirm\"");
    let hides = page.contains("<div hidden><section aria-labelledby=\"password-heading\">");
    assert_eq!(asks, hides, "{page}");
    asks
}

/// Security: 7.4.3
#[tokio::test]
async fn changing_the_password_ends_all_other_sessions_and_cycles_the_id_of_this_one() {
    let app = TestApp::start().await;
    let (laptop, phone, thief) = (app.visitor(), app.visitor(), app.visitor());
    laptop.register("Ada").await;
    phone.sign_in_as("Ada").await;
    let before = laptop.session_cookie().unwrap();
    let response = laptop.post("/api/auth/password", &format!("current={PASSWORD}&new={NEW}")).await;
    assert_eq!(
        (response.status, &response.json()["user"]["name"]),
        (StatusCode::OK, &json!("Ada")),
        "{}",
        response.body
    );
    assert_ne!(laptop.session_cookie().unwrap(), before);
    assert_eq!(laptop.get("/api/auth/devices").await.json().as_array().unwrap().len(), 1);
    thief.steal(&before);
    assert_eq!((thief.name().await, phone.name().await), (None, None), "the old id is invalid");
    assert_eq!(laptop.name().await.as_deref(), Some("Ada"));
    assert_eq!(app.visitor().sign_in_as("Ada").await.status, StatusCode::UNAUTHORIZED);
    let new = format!("email=ada@example.com&password={NEW}");
    assert_eq!(app.visitor().post("/api/auth/login", &new).await.status, StatusCode::OK);
}

/// Security: 7.4.3
#[tokio::test]
async fn a_session_with_an_old_password_version_is_signed_out() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    // As after a sign-in during a change of the password.
    app.change("update users set password_version = password_version + 1").await;
    assert_eq!(visitor.name().await, None);
    assert_eq!(visitor.open("/account").await.status, StatusCode::SEE_OTHER);
}

/// Security: 6.2.3
#[tokio::test]
async fn a_wrong_current_password_changes_nothing() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    let response = visitor.post("/api/auth/password", &format!("current=wrong&new={NEW}")).await;
    assert_eq!(
        (response.status, response.json()),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            json!({ "error": "invalid", "field": "current", "message": "This password is wrong." })
        )
    );
    let response = visitor.post("/api/auth/password", &format!("current={PASSWORD}&new=password1")).await;
    assert_eq!(response.json()["field"], "new");
    let page = visitor
        .submit_and_follow("/account", "/api/auth/password", &format!("current=wrong&new={NEW}"))
        .await;
    assert!(field_error("current", &page.body).contains("This password is wrong."));
    assert!(!page.body.contains(NEW));
    assert_eq!(app.visitor().sign_in_as("Ada").await.status, StatusCode::OK);
}

/// Security: 6.2.11
#[tokio::test]
async fn a_new_password_that_resembles_the_site_the_name_or_the_address_is_refused() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let account = format!("email=countess@example.com&password={PASSWORD}");
    let response = visitor.post("/api/auth/register", &format!("name=Ada+Lovelace&{account}")).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    app.clock.advance(Duration::minutes(11));
    let response = visitor.post("/api/auth/confirm", &format!("password={PASSWORD}")).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    for password in ["Satchel2026!", "Lovelace1815", "countess!"] {
        let form = format!("current={PASSWORD}&new={password}");
        let response = visitor.post("/api/auth/password", &form).await;
        assert_eq!(
            (response.status, response.json()),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                json!({ "error": "invalid", "field": "new", "message": "This password is too similar to your name, your e-mail or the name of this site. Please choose another one." })
            ),
            "{password}"
        );
        let page = visitor.submit_and_follow("/account", "/api/auth/password", &form).await.body;
        assert!(field_error("new", &page).contains("This password is too similar to"), "{password}: {page}");
        assert!(!page.contains(password), "{password}: {page}");
    }
    let response = app.visitor().post("/api/auth/login", &account).await;
    assert_eq!(response.status, StatusCode::OK, "the password is unchanged: {}", response.body);
}

/// Security: 7.5.1
#[tokio::test]
async fn sensitive_changes_require_the_password_again_ten_minutes_after_signing_in() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    for _ in 0..10 {
        assert!(visitor.open("/account").await.body.contains("Change password"));
        app.clock.advance(Duration::minutes(1));
    }
    let before = visitor.session_cookie();
    for (path, body) in [
        ("/api/auth/password", format!("current={PASSWORD}&new={NEW}")),
        ("/api/auth/delete", format!("password={PASSWORD}")),
    ] {
        let response = visitor.post(path, &body).await;
        assert_eq!(
            (response.status, response.body.as_str()),
            (StatusCode::FORBIDDEN, r#"{"error":"confirm_first"}"#),
            "{path}"
        );
        let page = visitor.submit_and_follow("/account", path, &body).await.body;
        assert!(page.contains("Please confirm your password first."), "{path}: {page}");
        assert!(page.contains("action=\"/api/auth/confirm\""), "{path}: {page}");
    }
    let response = visitor.post("/api/auth/confirm", "password=wrong").await;
    assert_eq!(response.status, StatusCode::UNPROCESSABLE_ENTITY);
    let response = visitor.post("/api/auth/confirm", &format!("password={PASSWORD}")).await;
    assert_eq!(response.json()["user"]["confirmed"], true);
    assert_ne!(visitor.session_cookie(), before, "a higher privilege cycles the id");
    let response = visitor.post("/api/auth/password", &format!("current={PASSWORD}&new={NEW}")).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
}

/// Security: 7.5.1
#[tokio::test]
async fn the_password_is_confirmed_and_changed_without_javascript() {
    let app = TestApp::start().await;
    let (laptop, phone) = (app.visitor(), app.visitor());
    phone.register("Ada").await;
    let form = format!("email=ada@example.com&password={PASSWORD}&next=/account");
    let page = laptop.submit_and_follow("/login?next=%2Faccount", "/api/auth/login", &form).await.body;
    assert!(!asks_to_confirm(&page));
    app.clock.advance(Duration::minutes(11));

    let change = format!("current={PASSWORD}&new={NEW}");
    let response = laptop.submit("/account", "/api/auth/password", &change).await;
    assert_eq!((response.status, response.location()), (StatusCode::SEE_OTHER, "/account"));
    let page = laptop.open(response.location()).await.body;
    assert!(asks_to_confirm(&page) && page.contains("Please confirm your password first."), "{page}");
    assert_eq!(phone.name().await.as_deref(), Some("Ada"), "the password is unchanged");

    let page = laptop.submit_and_follow("/account", "/api/auth/confirm", "password=wrong").await.body;
    assert!(field_error("confirm-password", &page).contains("This password is wrong."), "{page}");
    assert!(!field_error("remove-password", &page).contains("This is not"), "{page}");
    assert!(asks_to_confirm(&page));
    let form = format!("password={PASSWORD}");
    let page = laptop.submit_and_follow("/account", "/api/auth/confirm", &form).await.body;
    assert!(
        page.contains(
            "Password confirmed. For ten minutes you can change your password and delete your account."
        ),
        "{page}"
    );
    assert!(!asks_to_confirm(&page));

    let page = laptop.submit_and_follow("/account", "/api/auth/password", &change).await.body;
    assert!(
        page.contains("Your password has been changed. You have been signed out everywhere else."),
        "{page}"
    );
    assert_eq!((laptop.name().await.as_deref(), phone.name().await), (Some("Ada"), None));
    let form = format!("email=ada@example.com&password={NEW}");
    assert_eq!(phone.submit("/login", "/api/auth/login", &form).await.location(), "/");
    assert_eq!(phone.name().await.as_deref(), Some("Ada"));
}
