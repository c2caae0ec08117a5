//! Making an account.

use axum::http::StatusCode;
use serde_json::json;

use crate::{
    client::{PASSWORD, TestApp},
    sign_in_limits::call_from,
};

#[tokio::test]
async fn who_registers_is_signed_in_under_a_new_id_and_keeps_what_the_guest_had() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.begin_session().await;
    let before = visitor.session_cookie().unwrap();
    let answer = visitor.register("Ada").await.json();
    assert_eq!(answer["user"]["name"], "Ada");
    assert_eq!(visitor.ask("/api/visitor/show").await.json()["theme"], "dark");
    assert_ne!(visitor.session_cookie().unwrap(), before);
    assert_eq!(app.visitor().sign_in_as("Ada").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_plain_form_leads_home_or_to_next_and_says_welcome() {
    let app = TestApp::start().await;
    let form = format!("name=Ada&email=ada@example.com&password={PASSWORD}&next=/account");
    let visitor = app.visitor();
    let answer = visitor.submit("/register?next=/account", "/api/auth/register", &form).await;
    assert_eq!(answer.location(), "/account");
    let page = visitor.open("/account").await.body;
    assert!(page.contains("Your account has been created. Welcome!"), "{page}");
}

#[tokio::test]
async fn a_taken_address_is_a_conflict_in_any_case() {
    let app = TestApp::start().await;
    app.visitor().register("ada").await;
    let visitor = app.visitor();
    let form = format!("name=Eve&email=ADA@Example.com&password={PASSWORD}");
    let answer = visitor.call("/api/auth/register", &form).await;
    assert_eq!(
        (answer.status, answer.json()),
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
    let error = page.split("id=\"email-error\"").nth(1).unwrap();
    assert!(
        error[..error.find("</p>").unwrap()].contains("There is already an account with this e-mail."),
        "{page}"
    );
    assert!(page.contains("value=\"Eve\"") && page.contains("value=\"ADA@Example.com\""), "{page}");
    assert!(!page.contains(PASSWORD));
}

/// Security: 15.4.2
#[tokio::test]
async fn fifty_who_register_one_address_at_once_make_one_account() {
    let app = TestApp::start_with(&[("SIGN_IN_LIMIT", "off"), ("CLIENT_IP_SOURCE", "XRealIp")]).await;
    // One address gets 16 of the 64 places in the queue for hashes.
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
async fn a_password_that_is_guessed_first_is_refused_with_the_reason() {
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
        let answer = app.visitor().call("/api/auth/register", &form).await;
        let expected = json!({ "error": "invalid", "field": "password", "message": message });
        assert_eq!((answer.status, answer.json()), (StatusCode::UNPROCESSABLE_ENTITY, expected));
    }
}

/// Security: 6.2.11
#[tokio::test]
async fn a_password_made_of_the_site_the_name_or_the_address_is_refused_beside_its_field() {
    let app = TestApp::start().await;
    for password in ["Satchel2026!", "Lovelace1815", "countess!"] {
        let visitor = app.visitor();
        let form = format!("name=Ada+Lovelace&email=countess@example.com&password={password}");
        let answer = visitor.call("/api/auth/register", &form).await;
        assert_eq!(
            (answer.status, answer.json()),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                json!({ "error": "invalid", "field": "password", "message": "This password is too similar to your name, your e-mail or the name of this site. Please choose another one." })
            ),
            "{password}"
        );
        let page = visitor.submit_and_follow("/register", "/api/auth/register", &form).await.body;
        let error = page.split("id=\"password-error\"").nth(1).unwrap();
        assert!(
            error[..error.find("</p>").unwrap()].contains("This password is too similar to"),
            "{password}: {page}"
        );
        assert!(!page.contains(password), "{password}: {page}");
    }
    let form = "name=Ada+Lovelace&email=countess@example.com&password=the+countess+has+a+satchel";
    let answer = app.visitor().call("/api/auth/register", form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

#[tokio::test]
async fn fields_that_no_form_has_change_nothing() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let more =
        "&id=1&password_version=99&confirmed_at=9999999999&created_at=0&remember=on&owner=x&user[email]=x";
    let form = format!("name=Ada&email=ada@example.com&password={PASSWORD}{more}");
    let answer = visitor.call("/api/auth/register", &form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let (id, version): (String, i64) =
        sqlx::query_as("select id, password_version from users where email = 'ada@example.com'")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!((id.len(), version), (36, 1));
    assert!(!answer.headers["set-cookie"].to_str().unwrap().contains("Max-Age"), "not remembered");
}
