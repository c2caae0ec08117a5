//! Signing in and out.

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::settings::Build;
use time::Duration;

use crate::client::{DEMO, TestApp, field_error};

const WRONG: &str = "email=demo@example.com&password=let-me-in-please";

/// The hash of [`PASSWORD`](crate::client::PASSWORD) with weaker parameters, as an older version of an app may have stored it.
const OUTDATED: &str =
    "$argon2id$v=19$m=1024,t=1,p=1$YW4tb2xkZXItc2FsdC0xNg$MY4eJKWsizxkK2EeNivAqvaqyCpgXQ22saxYUzBo4WU";

/// Security: 7.2.4
#[tokio::test]
async fn signing_in_cycles_the_id_and_keeps_the_data_of_the_guest() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.begin_session().await;
    let before = visitor.session_cookie().unwrap();
    let response = visitor.sign_in().await.json();
    let session = json!({ "unused": 1_800, "at_most": 43_200, "idle": 1_800 });
    let user = json!({ "name": "Demo", "email": "demo@example.com", "confirmed": true });
    assert_eq!((&response["user"], &response["session"]), (&user, &session));
    assert_eq!(visitor.get("/api/visitor/show").await.json()["theme"], "dark");
    assert_ne!(visitor.session_cookie().unwrap(), before);

    let thief = app.visitor();
    thief.steal(&before);
    assert_eq!(thief.get("/api/visitor/show").await.json()["user"], Value::Null);
}

/// Security: 16.5.3
#[tokio::test]
async fn a_committed_sign_in_succeeds_even_if_later_reads_fail() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    app.db.readers().close().await;
    let response = visitor.register("Ada").await.json();
    assert_eq!(response["user"], json!({ "name": "Ada", "email": "ada@example.com", "confirmed": true }));
    let sessions: i64 =
        sqlx::query_scalar("select count(*) from sessions").fetch_one(app.db.writer()).await.unwrap();
    assert_eq!(sessions, 1);
}

#[tokio::test]
async fn the_email_address_is_case_insensitive() {
    let app = TestApp::start().await;
    let response =
        app.visitor().post("/api/auth/login", "email=Demo@Example.com&password=keep-it-in-the-satchel").await;
    assert_eq!(response.status, StatusCode::OK);
}

/// Security: 6.3.8
#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_get_the_same_response() {
    let app = TestApp::start().await;
    let wrong = app.visitor().post("/api/auth/login", WRONG).await;
    let unknown =
        app.visitor().post("/api/auth/login", "email=unknown@example.com&password=let-me-in-please").await;
    assert_eq!(
        (wrong.status, wrong.json()),
        (
            StatusCode::UNAUTHORIZED,
            json!({
                "error": "wrong_credentials",
                "message": "Wrong e-mail or password. Please check both and try again.",
                "status": 401,
                "in_form": true
            })
        )
    );
    assert_eq!((wrong.status, wrong.body), (unknown.status, unknown.body));
    assert!(!wrong.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn a_refused_plain_form_shows_the_error_and_the_address_but_not_the_password() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let response =
        visitor.submit("/login?next=%2Faccount", "/api/auth/login", &format!("{WRONG}&next=/account")).await;
    assert_eq!(response.location(), "/login?next=%2Faccount");
    let page = visitor.open(response.location()).await.body;
    assert!(page.contains("Wrong e-mail or password"), "{page}");
    assert!(page.contains("value=\"demo@example.com\""), "{page}");
    assert!(page.contains("name=\"next\" value=\"/account\""), "{page}");
    assert!(!page.contains("let-me-in-please"));
}

#[tokio::test]
async fn empty_fields_show_an_error() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    assert_eq!(
        visitor.post("/api/auth/login", "").await.json(),
        json!({ "error": "invalid", "field": "email", "message": "Please fill in this field." })
    );
    let page = visitor.submit_and_follow("/login", "/api/auth/login", "email=ada@example.com").await.body;
    assert!(field_error("login-password", &page).contains("Please fill in this field."), "{page}");
}

/// Security: 3.7.2
#[tokio::test]
async fn a_plain_form_redirects_to_next_on_this_site_only() {
    let app = TestApp::start().await;
    for (next, target) in [
        ("/account", "/account"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/%09/evil.example", "/"),
    ] {
        let response =
            app.visitor().submit("/login", "/api/auth/login", &format!("{DEMO}&next={next}")).await;
        assert_eq!((response.status, response.location()), (StatusCode::SEE_OTHER, target), "{next}");
    }
}

/// Security: 7.4.1
#[tokio::test]
async fn signing_out_ends_the_session_on_the_server() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.begin_session().await;
    visitor.sign_in().await;
    let cookie = visitor.session_cookie().unwrap();
    assert_eq!(visitor.post("/api/auth/logout", "").await.json()["user"], Value::Null);
    assert_eq!(visitor.session_cookie(), None);

    let thief = app.visitor();
    thief.steal(&cookie);
    assert_eq!(thief.get("/api/visitor/show").await.json()["user"], Value::Null);
}

#[tokio::test]
async fn signing_out_by_a_plain_form_shows_a_message_in_a_new_session() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.sign_in().await;
    let cookie = visitor.session_cookie();
    let page = visitor.submit_and_follow("/login", "/api/auth/logout", "").await.body;
    assert!(page.contains("You have been signed out."), "{page}");
    assert!(page.contains("Guest"), "{page}");
    assert_ne!(visitor.session_cookie(), cookie);
}

/// Security: 3.3.1, 3.3.3, 6.3.2
#[tokio::test]
async fn production_has_no_demo_account_and_strict_cookies() {
    let keys = session::SigningKeys::generate();
    let app = TestApp::start_with(&[("LEPTOS_ENV", "PROD"), ("SESSION_KEYS", &keys)]).await;
    let visitor = app.visitor();
    assert_eq!(visitor.sign_in().await.status, StatusCode::UNAUTHORIZED);
    assert!(!visitor.open("/login").await.body.contains("demo@example.com"));
    let response = visitor.begin_session().await;
    let cookie = response.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-id="), "{cookie}");
    for attribute in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }
}

/// Security: 6.3.2
#[tokio::test]
async fn production_removes_an_existing_demo_account() {
    let app = TestApp::start_with(&[("DATABASE_SHARED", "true")]).await;
    let visitor = app.visitor();
    visitor.sign_in().await;
    let keys = session::SigningKeys::generate();
    let settings = [
        ("LEPTOS_ENV", "PROD".to_owned()),
        ("CLIENT_IP_SOURCE", "ConnectInfo".to_owned()),
        ("SESSION_KEYS", keys),
    ];
    let get = |name: &str| settings.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
    let settings =
        server::Settings::read(Build::current(), get, || unreachable!("production generates no keys"))
            .unwrap();
    server::AppState::new(settings, app.pool.clone().into(), app.clock.clone()).await.unwrap();
    assert_eq!(visitor.sign_in().await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(visitor.get("/api/visitor/show").await.json()["user"], Value::Null);
}

#[tokio::test]
async fn remember_me_outlasts_later_writes_and_idle_days() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let response = visitor.post("/api/auth/login", &format!("{DEMO}&remember=on")).await;
    let month = format!("Max-Age={}", 31 * 24 * 3600);
    assert!(response.headers["set-cookie"].to_str().unwrap().contains(&month));
    for _ in 0..3 {
        app.clock.advance(Duration::days(10));
        assert_eq!(visitor.begin_session().await.status, StatusCode::OK);
        assert_eq!(visitor.get("/api/visitor/show").await.json()["user"]["name"], "Demo");
    }
    app.clock.advance(Duration::days(2));
    assert_eq!(visitor.get("/api/visitor/show").await.json()["user"], Value::Null);
}

#[tokio::test]
async fn a_request_with_an_ended_session_changes_nothing_and_reports_the_end() {
    let app = TestApp::start().await;
    let (visitor, other) = (app.visitor(), app.visitor());
    visitor.sign_in().await;
    let cookie = visitor.session_cookie().unwrap();
    visitor.post("/api/auth/logout", "").await;
    other.steal(&cookie);
    let response = other.begin_session().await;
    assert_eq!(
        (response.status, response.body.as_str()),
        (StatusCode::UNAUTHORIZED, r#"{"error":"session_ended"}"#)
    );

    other.steal(&cookie);
    let page = other.submit_and_follow("/login", "/api/preferences/theme", "theme=dark").await.body;
    assert!(page.contains("Your session has ended."), "{page}");
    assert_ne!(other.session_cookie(), Some(cookie), "the message is in a new session");
    assert_eq!(other.get("/api/visitor/show").await.json()["user"], Value::Null);
}

#[tokio::test]
async fn an_expired_session_is_replaced_by_a_new_one() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.begin_session().await;
    app.clock.advance(Duration::hours(1));
    let page = visitor.open("/login").await;
    assert!(page.body.contains("data-theme=\"system\""), "{}", page.body);
    app.clock.advance(Duration::hours(1));
    assert_eq!(visitor.sign_in().await.status, StatusCode::OK, "signing in creates a new session too");
}

async fn hash_of_ada(app: &TestApp) -> String {
    sqlx::query_scalar("select password_hash from users where email = 'ada@example.com'")
        .fetch_one(&app.pool)
        .await
        .unwrap()
}

/// Security: 11.4.2
#[tokio::test]
async fn a_sign_in_replaces_an_outdated_hash_and_keeps_other_sessions() {
    let app = TestApp::start().await;
    let (laptop, phone) = (app.visitor(), app.visitor());
    laptop.register("Ada").await;
    let replace = format!("update users set password_hash = '{OUTDATED}' where email = 'ada@example.com'");
    app.change(&replace).await;
    let wrong = phone.post("/api/auth/login", "email=ada@example.com&password=let-me-in-please").await;
    assert_eq!((wrong.status, hash_of_ada(&app).await.as_str()), (StatusCode::UNAUTHORIZED, OUTDATED));

    assert_eq!(phone.sign_in_as("Ada").await.status, StatusCode::OK);
    let hash = hash_of_ada(&app).await;
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert_eq!(laptop.name().await.as_deref(), Some("Ada"));

    assert_eq!(app.visitor().sign_in_as("Ada").await.status, StatusCode::OK);
    assert_eq!(hash_of_ada(&app).await, hash, "a current hash is kept");
}
