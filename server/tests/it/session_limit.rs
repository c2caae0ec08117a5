//! The limit of sessions that one address may create.

use axum::http::StatusCode;

use crate::{
    client::{PASSWORD, TestApp},
    running::TestServer,
};

/// Security: 2.4.1
#[tokio::test]
async fn an_address_cannot_create_more_sessions_than_the_limit() {
    let app = TestApp::start_with(&[("SESSION_LIMIT", "3/1h")]).await;
    let early = app.visitor();
    early.begin_session().await;
    for _ in 0..2 {
        assert_eq!(app.visitor().begin_session().await.status, StatusCode::OK);
    }
    assert_eq!(app.sessions().await, 3);

    let late = app.visitor();
    let script = late.begin_session().await;
    assert_eq!((script.status, script.sets_cookie()), (StatusCode::TOO_MANY_REQUESTS, false));
    assert_eq!(script.json()["error"], "too_many_sessions");
    assert!(script.headers.contains_key("retry-after"));
    let form = late.submit("/login", "/api/preferences/theme", "theme=dark").await;
    assert_eq!(form.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(form.body.contains("Please try again in 20 minutes"), "{}", form.body);
    let account = format!("name=Ada&email=ada@example.com&password={PASSWORD}");
    assert_eq!(late.post("/api/auth/register", &account).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(app.sessions().await, 3);
    let users: i64 = sqlx::query_scalar("select count(*) from users where email like 'ada@%'")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(users, 0, "an account is created only with a session");

    // An existing session still works, and reading needs none.
    assert_eq!(early.post("/api/preferences/theme", "theme=light").await.status, StatusCode::OK);
    assert_eq!(late.open("/").await.status, StatusCode::OK);
}

/// Security: 16.5.3
#[tokio::test]
async fn a_form_succeeds_even_if_its_message_cannot_be_stored() {
    let app = TestApp::start_with(&[("SESSION_LIMIT", "1/1h")]).await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    let response = visitor.submit("/account", "/api/auth/logout", "").await;
    assert_eq!((response.status, response.location()), (StatusCode::SEE_OTHER, "/"));
    assert_eq!(visitor.name().await, None);
    assert_eq!(app.sessions().await, 0);
}

/// Security: 2.4.1
#[test]
fn each_address_has_its_own_session_limit() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("SESSION_LIMIT", "1/1h"), ("CLIENT_IP_SOURCE", "XRealIp")];
    let server = TestServer::start_with(folder.path(), &settings);
    let begin = |address: &str| {
        let headers = format!("Host: satchel.test\r\nConnection: close\r\nX-Real-Ip: {address}");
        server.send(&format!(
            "POST /api/preferences/theme HTTP/1.1\r\n{headers}\r\nContent-Length: 10\r\n\r\ntheme=dark"
        ))
    };
    assert!(begin("10.0.0.1").starts_with("HTTP/1.1 200"));
    assert!(begin("10.0.0.2").starts_with("HTTP/1.1 200"));
    assert!(begin("10.0.0.1").starts_with("HTTP/1.1 429"));
}
