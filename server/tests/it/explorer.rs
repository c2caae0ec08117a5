//! The session explorer.

use axum::http::StatusCode;
use serde_json::{Value, json};
use time::Duration;

use crate::{
    bad_input::refuses_all,
    client::{PASSWORD, Response, TestApp, Visitor},
};

const SET: &str = "/api/session/set";
const SHOW: &str = "/api/session/show";

async fn value(visitor: &Visitor<'_>, key: &str) -> Value {
    visitor.get(SHOW).await.json()["values"][key].clone()
}

/// The entries of the log, the latest first.
fn log(response: &Response) -> Vec<String> {
    let entries = response.json()["log"].clone();
    let describe = |entry: &Value| {
        let detail = ["key", "because"].iter().find_map(|name| entry[*name].as_str()).unwrap_or_default();
        format!("{} {detail}", entry["what"].as_str().unwrap()).trim().to_owned()
    };
    entries.as_array().unwrap().iter().map(describe).collect()
}

#[tokio::test]
async fn reading_creates_no_session() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let response = visitor.get(SHOW).await;
    assert_eq!(response.json(), json!({ "session": null, "values": {}, "details": [], "log": [] }));
    assert!(visitor.open("/session").await.body.contains("You do not have a session yet"));
    for (path, body) in [("/api/session/renew", ""), ("/api/session/remember", "remember=on")] {
        let response = visitor.post(path, body).await;
        assert_eq!(
            (response.status, response.json()["error"].as_str()),
            (StatusCode::CONFLICT, Some("no_session"))
        );
    }
    // Removing a missing value succeeds.
    assert_eq!(visitor.post("/api/session/remove", "key=email").await.status, StatusCode::OK);
    assert_eq!((app.sessions().await, visitor.session_cookie()), (0, None));
}

#[tokio::test]
async fn a_value_is_set_read_and_removed() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let response = visitor.post(SET, "key=email&value=ada@example.com").await;
    assert_eq!(response.json()["values"], json!({ "email": "ada@example.com" }));
    let details = &response.json()["details"][0];
    assert_eq!(*details, json!({ "key": "email", "bytes": 17, "own": true }));
    visitor.post(SET, "key=count&value=42").await;
    visitor.post(SET, "key=list&value=%7B%22a%22%3A%5B1%2C2%5D%7D").await;
    assert_eq!(value(&visitor, "count").await, 42);
    assert_eq!(value(&visitor, "list").await, json!({ "a": [1, 2] }));
    let page = visitor.open("/session?key=list").await.body;
    assert!(page.contains("<code>list</code>"), "{page}");
    let page = visitor.open("/session?key=nothing").await.body;
    assert!(page.contains("There is no value with the key"), "{page}");
    let response = visitor.post("/api/session/remove", "key=email").await;
    assert_eq!(response.json()["values"], json!({ "count": 42, "list": { "a": [1, 2] } }));
}

#[tokio::test]
async fn concurrent_changes_of_different_keys_are_all_saved() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.post(SET, "key=first&value=1").await;
    let forms: Vec<_> = (0..50).map(|number| format!("key=key{number}&value={number}")).collect();
    let responses = futures::future::join_all(forms.iter().map(|form| visitor.post(SET, form))).await;
    assert!(responses.iter().all(|response| response.status == StatusCode::OK));
    assert_eq!(visitor.get(SHOW).await.json()["values"].as_object().unwrap().len(), 51);
}

#[tokio::test]
async fn invalid_fields_are_refused_and_keep_the_typed_text() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let long = format!("key={}&value=1", "k".repeat(65));
    let large = format!("key=a&value={}", "v".repeat(1_000_000));
    let cases = [
        (SET, "", 422, "Please fill in"),
        (SET, "key=a", 422, "\"value\""),
        (SET, "value=1", 422, "\"key\""),
        (SET, "key=a%0Ab&value=1", 422, "single line"),
        (SET, &long, 422, "at most 64 characters"),
        (SET, "key=a&value=%7Bbroken", 422, "not valid JSON"),
        (SET, "key=sign_in&value=%7B%7D", 422, "used by the app"),
        (SET, "key=theme&value=pink", 422, "used by the app"),
        (SET, "key=notes&value=1", 422, "used by the app"),
        (SET, &large, 422, "more than 1 MB"),
        (SET, "key=a&key=b&value=1", 400, "malformed"),
        ("/api/session/remove", "key=sign_in", 422, "used by the app"),
        ("/api/session/remove", "", 422, "Please fill in"),
        ("/api/session/pineapples", "pineapples=many", 422, "whole number"),
        ("/api/session/pineapples", "pineapples=1001", 422, "from 0 to 1000"),
    ];
    refuses_all(&visitor, "/session", &cases).await;
    assert_eq!(
        visitor.get(SHOW).await.json()["values"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["flash"]
    );

    let page = visitor.submit_and_follow("/session", SET, "key=my+list&value=%5B1%2C+2").await.body;
    assert!(page.contains("This is not valid JSON."), "{page}");
    assert!(page.contains("value=\"my list\"") && page.contains(">\n[1, 2</textarea>"), "{page}");
    let evil = "key=%22%3E%3Cimg%3E&value=%5B%3C%2Ftextarea%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    let page = visitor.submit_and_follow("/session", SET, evil).await.body;
    assert!(!page.contains("<script>alert(1)") && !page.contains("<img>"), "{page}");
    assert!(page.contains("[&lt;/textarea>"), "{page}");
}

#[tokio::test]
async fn a_value_with_the_maximum_depth_can_be_read_with_all_others() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    let nested = |levels: usize| format!("key=deep&value={}{}", "%5B".repeat(levels), "%5D".repeat(levels));
    for levels in [33, 125, 126, 127, 128] {
        assert_eq!(
            visitor.post(SET, &nested(levels)).await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{levels}"
        );
    }
    assert_eq!(visitor.post(SET, &nested(32)).await.status, StatusCode::OK);
    visitor.post(SET, "key=other&value=1").await;
    assert!(value(&visitor, "deep").await.is_array());
    assert_eq!(visitor.name().await.as_deref(), Some("Ada"));
}

/// Security: 3.2.2
#[tokio::test]
async fn stored_keys_and_values_are_escaped() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let evil = "%3C%2Fscript%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    visitor.post(SET, &format!("key={evil}&value={evil}")).await;
    for page in ["/session".to_owned(), format!("/session?key={evil}")] {
        let page = visitor.open(&page).await.body;
        assert!(!page.contains("<script>alert(1)"), "{page}");
        assert!(page.contains("&lt;/script&gt;"), "{page}");
    }
}

/// Security: 3.3.5
#[tokio::test]
async fn the_session_holds_100_kb_while_the_cookie_stays_under_200_bytes() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let text = "x".repeat(100 * 1_024);
    let response = visitor.post(SET, &format!("key=large&value={text}")).await;
    let cookie = response.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.len() < 200, "{cookie}");
    assert_eq!(value(&visitor, "large").await, text);
    let session = &visitor.get(SHOW).await.json()["session"];
    assert!(session["bytes"].as_u64().unwrap() > 100_000);
    let bytes = session["cookie"]["bytes"].as_u64().unwrap() as usize;
    assert_eq!(bytes, "id=".len() + visitor.session_cookie().unwrap().len());
    let page = visitor.open("/session").await;
    assert!(page.body.contains("102.4 kB") && !page.sets_cookie());
}

#[tokio::test]
async fn values_of_more_than_1_mb_are_refused_with_a_message() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.post(SET, &format!("key=large&value={}", "x".repeat(600_000))).await;
    let more = format!("key=more&value={}", "x".repeat(500_000));
    let page = visitor.submit_and_follow("/session", SET, &more).await.body;
    assert!(page.contains("Your values would take more than 1 MB together."));
    let kept = visitor.get(SHOW).await.json();
    let own: Vec<_> =
        kept["details"].as_array().unwrap().iter().filter(|value| value["own"] == true).collect();
    assert_eq!(own.len(), 1, "{own:?}");
    let response = visitor.post(SET, &format!("key=more&value={}", "x".repeat(3_000_000))).await;
    assert_eq!(
        response.json()["message"],
        "Your values would take more than 1 MB together.",
        "{}",
        response.body
    );
    // A larger body is not read.
    let response = visitor.post(SET, &format!("key=more&value={}", "x".repeat(5_000_000))).await;
    assert_eq!(
        (response.status, response.json()["error"].as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, Some("too_large"))
    );
    // A message and a sign-in still fit into an almost full session.
    visitor.post(SET, &format!("key=large&value={}", "x".repeat(999_000))).await;
    visitor.register("Ada").await;
    let page = visitor.submit_and_follow("/session", "/api/session/remove", "key=large").await.body;
    assert!(page.contains("The value has been removed."));
}

#[tokio::test]
async fn the_page_shows_the_sign_in_without_secrets() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    let response = visitor.get(SHOW).await;
    assert!(response.json()["values"]["sign_in"]["confirmed_at"].is_i64(), "{}", response.body);
    let id = &visitor.session_cookie().unwrap()[44..];
    let page = visitor.open("/session").await.body;
    for text in [response.body, page] {
        assert!(!text.contains(&id[4..]) && !text.contains(PASSWORD) && !text.contains("$argon2"));
        assert!(text.contains(&id[..4]));
    }
}

#[tokio::test]
async fn the_log_lists_changes_and_why_a_cookie_was_sent() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let response = visitor.post(SET, "key=a&value=1").await;
    assert_eq!(log(&response), ["cookie_sent new_session", "set a", "created"]);
    visitor.post(SET, "key=a&value=2").await;
    visitor.post("/api/session/remove", "key=a").await;
    visitor.post("/api/session/renew", "").await;
    let response = visitor.post("/api/session/remember", "remember=on").await;
    let expected = [
        "cookie_sent new_age",
        "remembered",
        "cookie_sent new_id",
        "renewed",
        "cookie_kept",
        "removed a",
        "cookie_kept",
        "set a",
        "cookie_sent new_session",
        "set a",
        "created",
    ];
    assert_eq!(log(&response), expected);
    let page = visitor.open("/session").await.body;
    assert!(page.contains("The cookie was sent: the session was new."), "{page}");
    assert!(page.contains("The cookie was not sent, because it had not changed."));
    let other = app.visitor();
    assert_eq!(log(&other.post(SET, "key=b&value=1").await).len(), 3, "each session has a log of its own");
}

#[tokio::test]
async fn a_new_id_keeps_the_values_and_the_old_id_is_invalid() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let before = visitor.post(SET, "key=a&value=1").await.json();
    let old = visitor.session_cookie().unwrap();
    let after = visitor.post("/api/session/renew", "").await.json();
    assert_eq!(after["values"], before["values"]);
    assert_ne!(after["session"]["id"], before["session"]["id"]);
    let thief = app.visitor();
    thief.steal(&old);
    assert_eq!(thief.get(SHOW).await.json()["session"], Value::Null);
}

#[tokio::test]
async fn a_cleared_session_ends_and_the_next_write_creates_a_new_one() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    visitor.post(SET, "key=a&value=1").await;
    let old = visitor.session_cookie().unwrap();
    let response = visitor.post("/api/session/clear", "").await;
    assert_eq!(response.json()["session"], Value::Null);
    assert_eq!((visitor.session_cookie(), visitor.name().await), (None, None));
    let response = visitor.post(SET, "key=b&value=2").await;
    assert_eq!(response.json()["values"], json!({ "b": 2 }));
    assert_ne!(visitor.session_cookie().unwrap(), old);
    assert_eq!(app.sessions().await, 1);
    let page = visitor.submit_and_follow("/session", "/api/session/clear", "").await.body;
    assert!(page.contains("Your session has been cleared."), "{page}");
}

#[tokio::test]
async fn remember_me_can_be_turned_on_and_off() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let response = visitor.post(SET, "key=a&value=1").await;
    assert!(!response.headers["set-cookie"].to_str().unwrap().contains("Max-Age"));
    let response = visitor.post("/api/session/remember", "remember=on").await;
    assert!(response.headers["set-cookie"].to_str().unwrap().contains("Max-Age=2678400"));
    assert_eq!(response.json()["session"]["cookie"]["max_age"], 2_678_400);
    app.clock.advance(time::Duration::days(20));
    assert_eq!(value(&visitor, "a").await, 1);
    let response = visitor.post("/api/session/remember", "").await;
    assert!(!response.headers["set-cookie"].to_str().unwrap().contains("Max-Age"));
    app.clock.advance(time::Duration::minutes(31));
    assert_eq!(visitor.get(SHOW).await.json()["session"], Value::Null);
}

#[tokio::test]
async fn a_nested_change_is_saved_and_an_unchanged_value_is_not_written() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let count = async |form: &str| visitor.post("/api/session/pineapples", form).await.json();
    let ten = count("pineapples=10").await;
    assert_eq!(ten["values"]["pantry"]["fruit"]["pineapples"], 10);
    let hundred = count("pineapples=100").await;
    assert_eq!(value(&visitor, "pantry").await["fruit"]["pineapples"], 100);
    assert_eq!(count("pineapples=100").await["session"]["writes"], hundred["session"]["writes"]);
    assert_ne!(ten["session"]["writes"], hundred["session"]["writes"]);
}

#[tokio::test]
async fn polling_does_not_keep_a_session_alive() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.post(SET, "key=a&value=1").await;
    for _ in 0..4 {
        app.clock.advance(time::Duration::minutes(8));
        visitor.get("/api/session/peek").await;
    }
    assert_eq!(visitor.get(SHOW).await.json()["session"], Value::Null);
}

/// Security: 7.3.2
#[tokio::test]
async fn remember_me_requires_a_recent_password_when_signed_in() {
    let app = TestApp::start().await;
    let (user, guest) = (app.visitor(), app.visitor());
    user.sign_in().await;
    guest.begin_session().await;
    app.clock.advance(Duration::minutes(11));
    let refused = user.post("/api/session/remember", "remember=on").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    assert_eq!(refused.json()["error"], "confirm_first");
    let at_most = user.get("/api/visitor/show").await.json()["session"]["at_most"].clone();
    assert_eq!(at_most, 12 * 3_600 - 11 * 60, "nothing has changed");
    assert_eq!(
        user.post("/api/session/remember", "").await.status,
        StatusCode::OK,
        "shortening the lifetime needs no password"
    );
    assert_eq!(guest.post("/api/session/remember", "remember=on").await.status, StatusCode::OK);

    user.post("/api/auth/confirm", "password=keep-it-in-the-satchel").await;
    let remembered = user.post("/api/session/remember", "remember=on").await.json();
    assert_eq!(remembered["session"]["remembered"], true);
}
