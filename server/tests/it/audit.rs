//! The audit log: its events, and secrets that it must not contain.

use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, StatusCode},
};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    captured_log::CapturedLog,
    client::{PASSWORD, Response, TestApp, Visitor},
    running::TestServer,
};

const NEW: &str = "four-words-are-better";

/// Sends a request from the address 10.0.0.1 with one more header.
async fn send(
    visitor: &Visitor<'_>,
    method: Method,
    path: &str,
    (name, value): (&str, &str),
    body: &str,
) -> Response {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("x-real-ip", "10.0.0.1")
        .header("content-type", "application/x-www-form-urlencoded")
        .header(name, value);
    visitor.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

const SCRIPT: (&str, &str) = ("accept", "application/json");

/// Whether an event has exactly a user, a session, the address and the path.
fn is_complete(event: &str, name: &str, path: &str) -> bool {
    let hashed = |field: &str, key: &str| {
        let hash = field.strip_prefix(key).and_then(|rest| rest.strip_prefix("=\"")?.strip_suffix('"'));
        hash.is_some_and(|hash| hash.len() >= 8 && hash.chars().all(|char| char.is_ascii_alphanumeric()))
    };
    let fields: Vec<_> = event.split(' ').collect();
    let [event, user, session, address, path_field] = fields[..] else { return false };
    event == format!("event=\"{name}\"")
        && hashed(user, "user")
        && hashed(session, "session")
        && address == "address=10.0.0.1"
        && path_field == format!("path=\"{path}\"")
}

/// Security: 16.3.2
#[tokio::test]
async fn a_guest_at_a_private_function_is_logged() {
    let log = CapturedLog::start();
    let app = TestApp::start_behind_proxy().await;
    let response = send(&app.visitor(), Method::GET, "/api/auth/devices?name=typed", SCRIPT, "").await;
    assert_eq!(response.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        log.audited("sign_in_required"),
        r#"event="sign_in_required" address=10.0.0.1 path="/api/auth/devices""#
    );
}

/// Security: 16.3.2
#[tokio::test]
async fn a_guest_at_a_private_page_is_logged() {
    let log = CapturedLog::start();
    let app = TestApp::start_behind_proxy().await;
    let visitor = app.visitor();
    visitor.begin_session().await;
    let response = send(&visitor, Method::GET, "/account?from=typed", ("accept", "text/html"), "").await;
    assert_eq!(response.status, StatusCode::SEE_OTHER);
    let event = log.audited("sign_in_required");
    assert!(event.starts_with(r#"event="sign_in_required" session=""#), "{event}");
    assert!(event.ends_with(r#" address=10.0.0.1 path="/account""#), "{event}");
}

/// Security: 16.3.2
#[tokio::test]
async fn an_ended_session_at_a_private_function_is_logged() {
    let log = CapturedLog::start();
    let app = TestApp::start_behind_proxy().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    app.clock.advance(Duration::hours(1));
    let response = send(&visitor, Method::POST, "/api/auth/name", SCRIPT, "name=typed").await;
    assert_eq!(response.json()["error"], "session_ended");
    assert_eq!(
        log.audited("session_ended"),
        r#"event="session_ended" address=10.0.0.1 path="/api/auth/name""#
    );
}

/// Security: 16.3.2
#[tokio::test]
async fn a_missing_confirmation_is_logged() {
    let log = CapturedLog::start();
    let app = TestApp::start_behind_proxy().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    app.clock.advance(Duration::minutes(11));
    let form = format!("current={PASSWORD}&new={NEW}");
    let response = send(&visitor, Method::POST, "/api/auth/password", SCRIPT, &form).await;
    assert_eq!(response.json()["error"], "confirm_first");
    let event = log.audited("confirmation_required");
    assert!(is_complete(&event, "confirmation_required", "/api/auth/password"), "{event}");
}

/// Security: 16.3.3
#[tokio::test]
async fn a_form_opened_by_another_user_is_logged() {
    let log = CapturedLog::start();
    let app = TestApp::start_behind_proxy().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    visitor.register("Eve").await;
    let form = "name=Countess&whose=ada@example.com";
    let response = send(&visitor, Method::POST, "/api/auth/name", SCRIPT, form).await;
    assert_eq!(response.status, StatusCode::UNAUTHORIZED);
    let event = log.audited("form_of_another_user");
    assert!(is_complete(&event, "form_of_another_user", "/api/auth/name"), "{event}");
}

/// Security: 16.3.3
#[tokio::test]
async fn a_session_cookie_with_an_invalid_signature_is_logged() {
    let log = CapturedLog::start();
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.steal("forged");
    visitor.get("/api/visitor/show").await;
    let event = log.audited("session_cookie_refused");
    assert!(event.contains("problem=\"not signed by us\"") && !event.contains("forged"), "{event}");
}

/// Security: 16.3.3
#[tokio::test]
async fn several_session_ids_in_one_request_are_logged_and_none_is_used() {
    let log = CapturedLog::start();
    let app = TestApp::start().await;
    let (ada, eve) = (app.visitor(), app.visitor());
    ada.register("Ada").await;
    eve.register("Eve").await;
    let both = format!("id={}; id={}", ada.session_cookie().unwrap(), eve.session_cookie().unwrap());
    let response = send(&app.visitor(), Method::GET, "/api/visitor/show", ("cookie", &both), "").await;
    assert_eq!((response.json()["user"].is_null(), response.sets_cookie()), (true, false));
    let event = log.audited("session_cookie_refused");
    assert!(event.contains("problem=\"several different ones\""), "{event}");
}

/// Security: 3.3.1
#[tokio::test]
async fn a_cookie_name_with_unicode_white_space_is_not_the_session_cookie() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.visitor(), app.visitor());
    ada.register("Ada").await;
    eve.register("Eve").await;
    let [victim, attacker] = [&ada, &eve].map(|visitor| visitor.session_cookie().unwrap());
    for space in ["\u{85}", "\u{a0}", "\u{2000}", "\u{3000}"] {
        for (cookies, name) in [
            (format!("{space}id={attacker}; id={victim}"), json!("Ada")),
            (format!("{space}id={attacker}"), Value::Null),
        ] {
            let cookies = HeaderValue::from_bytes(cookies.as_bytes()).unwrap();
            let request = Request::get("/api/visitor/show").header("cookie", cookies);
            let response = app.visitor().send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(
                (&response.json()["user"]["name"], response.sets_cookie()),
                (&name, false),
                "{space:?}"
            );
        }
    }
}

/// Security: 16.3.3
#[tokio::test]
async fn a_sign_out_with_a_replaced_id_is_refused_and_logged() {
    let log = CapturedLog::start();
    let app = TestApp::start().await;
    let (owner, thief) = (app.visitor(), app.visitor());
    owner.register("Ada").await;
    thief.steal(&owner.session_cookie().unwrap());
    owner.post("/api/auth/confirm", &format!("password={PASSWORD}")).await;
    app.clock.advance(Duration::seconds(2));
    let response = thief.post("/api/auth/logout", "").await;
    assert_eq!(
        (response.status, response.json()["error"].as_str()),
        (StatusCode::UNAUTHORIZED, Some("session_ended"))
    );
    assert_eq!(owner.name().await.as_deref(), Some("Ada"), "the owner is still signed in");
    assert!(log.audited("session_ended").contains("path=\"/api/auth/logout\""));
}

/// Security: 16.3.2
#[tokio::test]
async fn an_attempt_to_end_the_device_of_another_user_is_logged() {
    let log = CapturedLog::start();
    let app = TestApp::start_behind_proxy().await;
    let (ada, eve) = (app.visitor(), app.visitor());
    ada.register("Ada").await;
    eve.register("Eve").await;
    let device = ada.get("/api/auth/devices").await.json()[0]["device"].as_str().unwrap().to_owned();
    let form = format!("device={device}");
    let response = send(&eve, Method::POST, "/api/auth/revoke", SCRIPT, &form).await;
    assert_eq!(response.status, StatusCode::NOT_FOUND);
    let event = log.audited("access_refused");
    assert!(is_complete(&event, "access_refused", "/api/auth/revoke"), "{event}");
}

// <shop>
/// Security: 16.3.2
#[tokio::test]
async fn an_attempt_to_read_the_order_of_another_user_is_logged() {
    let log = CapturedLog::start();
    let app = TestApp::start_behind_proxy().await;
    let (ada, eve) = (app.visitor(), app.visitor());
    ada.register("Ada").await;
    eve.register("Eve").await;
    let cart = ada.post("/api/cart/add", "product=4").await.json();
    let order = ada.post("/api/orders/place", &format!("token={}", cart["token"].as_str().unwrap())).await;
    let path = format!("/api/orders/show?order={}", order.json()["id"].as_str().unwrap());
    assert_eq!(ada.get(&path).await.status, StatusCode::OK);
    assert_eq!(log.of("audit").iter().filter(|event| event.contains("access_refused")).count(), 0);
    let response = send(&eve, Method::GET, &path, SCRIPT, "").await;
    assert_eq!(response.status, StatusCode::NOT_FOUND);
    let event = log.audited("access_refused");
    assert!(is_complete(&event, "access_refused", "/api/orders/show"), "{event}");
}
// </shop>

/// Security: 16.3.3
#[tokio::test]
async fn a_request_from_another_site_is_logged() {
    let log = CapturedLog::start();
    let app = TestApp::start_behind_proxy().await;
    let elsewhere = ("sec-fetch-site", "cross-site");
    let path = "/api/preferences/theme?name=typed";
    let response = send(&app.visitor(), Method::POST, path, elsewhere, "theme=dark").await;
    assert_eq!(response.status, StatusCode::FORBIDDEN);
    assert_eq!(
        log.audited("cross_site_refused"),
        r#"event="cross_site_refused" address=10.0.0.1 path="/api/preferences/theme""#
    );
}

/// Security: 16.3.3
#[tokio::test]
async fn an_address_that_creates_too_many_sessions_is_logged() {
    let log = CapturedLog::start();
    let settings = [("CLIENT_IP_SOURCE", "XRealIp"), ("SESSION_LIMIT", "1/1h")];
    let app = TestApp::start_with(&settings).await;
    let begin = async || {
        send(&app.visitor(), Method::POST, "/api/preferences/theme", SCRIPT, "theme=dark").await.status
    };
    assert_eq!(begin().await, StatusCode::OK);
    assert_eq!(begin().await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        log.audited("too_many_sessions"),
        r#"event="too_many_sessions" address=10.0.0.1 path="/api/preferences/theme""#
    );
}

/// A browser that stores the cookies that it gets.
struct Browser<'a> {
    server: &'a TestServer,
    cookies: Vec<String>,
}

impl Browser<'_> {
    fn post(&mut self, path: &str, body: &str) {
        let cookie = self.cookies.last().cloned().unwrap_or_default();
        let response = self.server.post(path, &cookie, body);
        if let Some(cookie) = response.split("set-cookie: ").nth(1) {
            self.cookies.push(cookie.split(';').next().unwrap().to_owned());
        }
    }
}

/// Security: 16.2.5, 16.3.1, 16.3.3
#[test]
fn account_events_are_logged_with_hashes_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("SIGN_IN_LIMIT", "4/1h"), ("RUST_LOG", "trace")];
    let server = TestServer::start_with(folder.path(), &settings);
    let mut laptop = Browser { server: &server, cookies: Vec::new() };
    let mut phone = Browser { server: &server, cookies: Vec::new() };
    let (old, new) = (
        format!("email=ada@example.com&password={PASSWORD}"),
        format!("email=ada@example.com&password={NEW}"),
    );
    laptop.post("/api/auth/register", &format!("name=Ada&{old}"));
    phone.post("/api/auth/login", &old);
    laptop.post("/api/auth/revoke_others", "");
    laptop.post("/api/auth/confirm", "password=hunter2");
    laptop.post("/api/auth/confirm", &format!("password={PASSWORD}"));
    laptop.post("/api/auth/name", "name=Countess");
    laptop.post("/api/auth/password", &format!("current={PASSWORD}&new={NEW}"));
    laptop.post("/api/auth/logout", "");
    for _ in 0..5 {
        phone.post("/api/auth/login", "email=unknown@example.com&password=hunter2");
    }
    laptop.post("/api/auth/login", &new);
    laptop.post("/api/auth/delete", &format!("password={NEW}"));
    let secrets = [laptop.cookies, phone.cookies].concat();
    let log = server.log();

    let audit: Vec<_> = log.iter().filter(|line| line.contains(" audit: ")).collect();
    for event in [
        "registered",
        "signed_in",
        "revoked",
        "confirmation_failed",
        "confirmed",
        "name_changed",
        "password_changed",
        "signed_out",
        "sign_in_failed",
        "too_many_tries",
        "account_removed",
    ] {
        let found = audit.iter().any(|line| line.contains(&format!("event=\"{event}\"")));
        assert!(found, "{event} in {audit:#?}");
    }
    let users: Vec<_> =
        audit.iter().filter_map(|line| line.split("user=\"").nth(1)?.split('"').next()).collect();
    assert!(users.len() > 5 && users.iter().all(|user| *user == users[0] && user.len() == 12), "{audit:#?}");
    // The session library does not know addresses.
    let mut of_the_app = audit.iter().filter(|line| !line.contains("session_cookie_refused"));
    assert!(of_the_app.all(|line| line.contains("address=127.0.0.1")), "{audit:#?}");
    for word in ["unknown@", "ada@", "Countess"] {
        assert!(!audit.iter().any(|line| line.contains(word)), "{word} in {audit:#?}");
    }
    let cookies = secrets.iter().filter_map(|cookie| cookie.split_once('=')).map(|(_, value)| value);
    for secret in cookies.filter(|value| !value.is_empty()).chain(["hunter2", PASSWORD, NEW]) {
        let line = log.iter().find(|line| line.contains(secret));
        assert!(line.is_none(), "{line:?}");
    }
}
