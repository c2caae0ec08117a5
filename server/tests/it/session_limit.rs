//! Bots make no rows without end: one address begins so many sessions, and no more.

use axum::http::StatusCode;

use crate::{
    client::{PASSWORD, TestApp},
    running::Running,
};

/// Security: 2.4.1
#[tokio::test]
async fn an_address_begins_so_many_sessions_and_no_more() {
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
    assert_eq!(late.call("/api/auth/register", &account).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(app.sessions().await, 3);
    let users: i64 = sqlx::query_scalar("select count(*) from users where email like 'ada@%'")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(users, 0, "no account is made for who cannot be signed in");

    // Who has a session goes on, and who only reads needs none.
    assert_eq!(early.call("/api/preferences/theme", "theme=light").await.status, StatusCode::OK);
    assert_eq!(late.open("/").await.status, StatusCode::OK);
}

/// Security: 16.5.3
#[tokio::test]
async fn a_form_that_is_done_is_not_answered_as_refused_where_its_message_has_no_session() {
    let app = TestApp::start_with(&[("SESSION_LIMIT", "1/1h")]).await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    let answer = visitor.submit("/account", "/api/auth/logout", "").await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/"));
    assert_eq!(visitor.name().await, None);
    assert_eq!(app.sessions().await, 0);
}

/// Security: 2.4.1
#[test]
fn where_a_request_comes_from_is_what_counts() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("SESSION_LIMIT", "1/1h"), ("CLIENT_IP_SOURCE", "XRealIp")];
    let server = Running::start_with(folder.path(), &settings);
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
