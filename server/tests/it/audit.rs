//! The audit log: what stands in it, and what does not.

use std::{cell::RefCell, io, sync::Once};

use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, StatusCode},
};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    client::{Answer, PASSWORD, TestApp, Visitor},
    running::Running,
};

const NEW: &str = "four-words-are-better";

/// The log of a [`TestApp`], which answers on the test's own thread.
pub(crate) struct CapturedLog(());

thread_local! {
    /// What this thread has logged since its [`CapturedLog`] began; `None` where there is none.
    static CAPTURED: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Writes to the log of its thread.
struct Captured;

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        CAPTURED.with_borrow_mut(|captured| {
            if let Some(captured) = captured {
                captured.extend_from_slice(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for CapturedLog {
    fn drop(&mut self) {
        CAPTURED.set(None);
    }
}

impl CapturedLog {
    /// Begins. There is one subscriber for the whole process: with one for each test, events would get lost while tests start and end.
    pub(crate) fn start() -> Self {
        static SUBSCRIBER: Once = Once::new();

        SUBSCRIBER.call_once(|| {
            tracing_subscriber::fmt().with_ansi(false).with_writer(|| Captured).init();
        });
        CAPTURED.set(Some(Vec::new()));
        Self(())
    }

    /// The events of a target, without the time and the request's span.
    pub(crate) fn of(&self, target: &str) -> Vec<String> {
        let text = CAPTURED.with_borrow(|captured| String::from_utf8(captured.clone().unwrap()).unwrap());
        let target = format!(" {target}: ");
        text.lines().filter_map(|line| Some(line.split_once(&target)?.1.to_owned())).collect()
    }

    /// The only audit event of this name.
    fn audited(&self, name: &str) -> String {
        let all = self.of("audit");
        let named: Vec<_> =
            all.iter().filter(|event| event.starts_with(&format!("event=\"{name}\""))).collect();
        assert_eq!(named.len(), 1, "{name} in {all:#?}");
        named[0].clone()
    }
}

/// An app whose proxy says where requests come from.
async fn app_behind_a_proxy() -> TestApp {
    TestApp::start_with(&[("CLIENT_IP_SOURCE", "XRealIp")]).await
}

/// Sends a request as a script does, from the address 10.0.0.1 and with one more header.
async fn send(
    visitor: &Visitor<'_>,
    method: Method,
    path: &str,
    (name, value): (&str, &str),
    body: &str,
) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("x-real-ip", "10.0.0.1")
        .header("content-type", "application/x-www-form-urlencoded")
        .header(name, value);
    visitor.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

const SCRIPT: (&str, &str) = ("accept", "application/json");

/// Whether an event names a user, a session, the address and the path, and nothing else.
fn is_whole(event: &str, name: &str, path: &str) -> bool {
    let hashed = |field: &str, key: &str| {
        let hash = field.strip_prefix(key).and_then(|rest| rest.strip_prefix("=\"")?.strip_suffix('"'));
        hash.is_some_and(|hash| hash.len() >= 8 && hash.chars().all(|char| char.is_ascii_alphanumeric()))
    };
    let fields: Vec<_> = event.split(' ').collect();
    let [event, user, session, address, asked] = fields[..] else { return false };
    event == format!("event=\"{name}\"")
        && hashed(user, "user")
        && hashed(session, "session")
        && address == "address=10.0.0.1"
        && asked == format!("path=\"{path}\"")
}

/// Security: 16.3.2
#[tokio::test]
async fn a_guest_who_calls_a_function_for_users_is_logged() {
    let log = CapturedLog::start();
    let app = app_behind_a_proxy().await;
    let answer = send(&app.visitor(), Method::GET, "/api/auth/devices?name=typed", SCRIPT, "").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        log.audited("sign_in_required"),
        r#"event="sign_in_required" address=10.0.0.1 path="/api/auth/devices""#
    );
}

/// Security: 16.3.2
#[tokio::test]
async fn a_guest_who_is_sent_away_from_a_private_page_is_logged() {
    let log = CapturedLog::start();
    let app = app_behind_a_proxy().await;
    let visitor = app.visitor();
    visitor.begin_session().await;
    let answer = send(&visitor, Method::GET, "/account?from=typed", ("accept", "text/html"), "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let event = log.audited("sign_in_required");
    assert!(event.starts_with(r#"event="sign_in_required" session=""#), "{event}");
    assert!(event.ends_with(r#" address=10.0.0.1 path="/account""#), "{event}");
}

/// Security: 16.3.2
#[tokio::test]
async fn a_session_that_ended_is_logged_where_a_user_is_needed() {
    let log = CapturedLog::start();
    let app = app_behind_a_proxy().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    app.clock.advance(Duration::hours(1));
    let answer = send(&visitor, Method::POST, "/api/auth/name", SCRIPT, "name=typed").await;
    assert_eq!(answer.json()["error"], "session_ended");
    assert_eq!(
        log.audited("session_ended"),
        r#"event="session_ended" address=10.0.0.1 path="/api/auth/name""#
    );
}

/// Security: 16.3.2
#[tokio::test]
async fn a_missing_confirmation_is_logged() {
    let log = CapturedLog::start();
    let app = app_behind_a_proxy().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    app.clock.advance(Duration::minutes(11));
    let form = format!("current={PASSWORD}&new={NEW}");
    let answer = send(&visitor, Method::POST, "/api/auth/password", SCRIPT, &form).await;
    assert_eq!(answer.json()["error"], "confirm_first");
    let event = log.audited("confirmation_required");
    assert!(is_whole(&event, "confirmation_required", "/api/auth/password"), "{event}");
}

/// Security: 16.3.3
#[tokio::test]
async fn a_form_that_another_user_left_open_is_logged() {
    let log = CapturedLog::start();
    let app = app_behind_a_proxy().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    visitor.register("Eve").await;
    let form = "name=Countess&whose=ada@example.com";
    let answer = send(&visitor, Method::POST, "/api/auth/name", SCRIPT, form).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let event = log.audited("form_of_another_user");
    assert!(is_whole(&event, "form_of_another_user", "/api/auth/name"), "{event}");
}

/// Security: 16.3.3
#[tokio::test]
async fn a_session_cookie_that_was_not_signed_here_is_logged() {
    let log = CapturedLog::start();
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.steal("forged");
    visitor.ask("/api/visitor/show").await;
    let event = log.audited("session_cookie_refused");
    assert!(event.contains("problem=\"not signed by us\"") && !event.contains("forged"), "{event}");
}

/// Security: 16.3.3
#[tokio::test]
async fn several_session_ids_in_one_request_are_logged_and_none_is_adopted() {
    let log = CapturedLog::start();
    let app = TestApp::start().await;
    let (ada, eve) = (app.visitor(), app.visitor());
    ada.register("Ada").await;
    eve.register("Eve").await;
    let both = format!("id={}; id={}", ada.session_cookie().unwrap(), eve.session_cookie().unwrap());
    let answer = send(&app.visitor(), Method::GET, "/api/visitor/show", ("cookie", &both), "").await;
    assert_eq!((answer.json()["user"].is_null(), answer.sets_cookie()), (true, false));
    let event = log.audited("session_cookie_refused");
    assert!(event.contains("problem=\"several different ones\""), "{event}");
}

/// Security: 3.3.1
#[tokio::test]
async fn a_cookie_with_other_white_space_before_its_name_is_not_the_sessions() {
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
            let answer = app.visitor().send(request.body(Body::empty()).unwrap()).await;
            assert_eq!((&answer.json()["user"]["name"], answer.sets_cookie()), (&name, false), "{space:?}");
        }
    }
}

/// Security: 16.3.3
#[tokio::test]
async fn a_sign_out_with_an_id_that_was_exchanged_is_refused_and_logged() {
    let log = CapturedLog::start();
    let app = TestApp::start().await;
    let (owner, thief) = (app.visitor(), app.visitor());
    owner.register("Ada").await;
    thief.steal(&owner.session_cookie().unwrap());
    owner.call("/api/auth/confirm", &format!("password={PASSWORD}")).await;
    app.clock.advance(Duration::seconds(2));
    let answer = thief.call("/api/auth/logout", "").await;
    assert_eq!(
        (answer.status, answer.json()["error"].as_str()),
        (StatusCode::UNAUTHORIZED, Some("session_ended"))
    );
    assert_eq!(owner.name().await.as_deref(), Some("Ada"), "the owner is still signed in");
    assert!(log.audited("session_ended").contains("path=\"/api/auth/logout\""));
}

/// Security: 16.3.2
#[tokio::test]
async fn a_strangers_device_that_is_asked_for_is_logged() {
    let log = CapturedLog::start();
    let app = app_behind_a_proxy().await;
    let (ada, eve) = (app.visitor(), app.visitor());
    ada.register("Ada").await;
    eve.register("Eve").await;
    let device = ada.ask("/api/auth/devices").await.json()[0]["device"].as_str().unwrap().to_owned();
    let form = format!("device={device}");
    let answer = send(&eve, Method::POST, "/api/auth/revoke", SCRIPT, &form).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let event = log.audited("access_refused");
    assert!(is_whole(&event, "access_refused", "/api/auth/revoke"), "{event}");
}

// <shop>
/// Security: 16.3.2
#[tokio::test]
async fn a_strangers_order_that_is_asked_for_is_logged() {
    let log = CapturedLog::start();
    let app = app_behind_a_proxy().await;
    let (ada, eve) = (app.visitor(), app.visitor());
    ada.register("Ada").await;
    eve.register("Eve").await;
    let cart = ada.call("/api/cart/add", "product=4").await.json();
    let order = ada.call("/api/orders/place", &format!("token={}", cart["token"].as_str().unwrap())).await;
    let path = format!("/api/orders/show?order={}", order.json()["id"].as_str().unwrap());
    assert_eq!(ada.ask(&path).await.status, StatusCode::OK);
    assert_eq!(log.of("audit").iter().filter(|event| event.contains("access_refused")).count(), 0);
    let answer = send(&eve, Method::GET, &path, SCRIPT, "").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let event = log.audited("access_refused");
    assert!(is_whole(&event, "access_refused", "/api/orders/show"), "{event}");
}
// </shop>

/// Security: 16.3.3
#[tokio::test]
async fn what_a_page_of_another_site_sends_is_logged() {
    let log = CapturedLog::start();
    let app = app_behind_a_proxy().await;
    let elsewhere = ("sec-fetch-site", "cross-site");
    let path = "/api/preferences/theme?name=typed";
    let answer = send(&app.visitor(), Method::POST, path, elsewhere, "theme=dark").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(
        log.audited("cross_site_refused"),
        r#"event="cross_site_refused" address=10.0.0.1 path="/api/preferences/theme""#
    );
}

/// Security: 16.3.3
#[tokio::test]
async fn an_address_that_begins_too_many_sessions_is_logged() {
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

/// A browser that keeps its cookie.
struct Browser<'a> {
    server: &'a Running,
    cookies: Vec<String>,
}

impl Browser<'_> {
    fn post(&mut self, path: &str, body: &str) {
        let cookie = self.cookies.last().cloned().unwrap_or_default();
        let answer = self.server.post(path, &cookie, body);
        if let Some(cookie) = answer.split("set-cookie: ").nth(1) {
            self.cookies.push(cookie.split(';').next().unwrap().to_owned());
        }
    }
}

/// Security: 16.2.5, 16.3.1, 16.3.3
#[test]
fn what_happens_to_accounts_is_logged_by_hashes_only() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("SIGN_IN_LIMIT", "4/1h"), ("RUST_LOG", "trace")];
    let server = Running::start_with(folder.path(), &settings);
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
    // The session's own library knows of no addresses.
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
