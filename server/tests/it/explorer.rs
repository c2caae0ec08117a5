//! The session explorer: what is kept, and the forms that change it.

use axum::http::StatusCode;
use serde_json::{Value, json};
use time::Duration;

use crate::{
    bad_input::refuses_all,
    client::{Answer, PASSWORD, TestApp, Visitor},
};

const SET: &str = "/api/session/set";
const SHOW: &str = "/api/session/show";

async fn value(visitor: &Visitor<'_>, key: &str) -> Value {
    visitor.ask(SHOW).await.json()["values"][key].clone()
}

/// What happened, the latest first.
fn happened(answer: &Answer) -> Vec<String> {
    let log = answer.json()["log"].clone();
    let what = |entry: &Value| {
        let detail = ["key", "because"].iter().find_map(|name| entry[*name].as_str()).unwrap_or_default();
        format!("{} {detail}", entry["what"].as_str().unwrap()).trim().to_owned()
    };
    log.as_array().unwrap().iter().map(what).collect()
}

#[tokio::test]
async fn who_only_looks_has_no_session() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let answer = visitor.ask(SHOW).await;
    assert_eq!(answer.json(), json!({ "session": null, "values": {}, "details": [], "log": [] }));
    assert!(visitor.open("/session").await.body.contains("You do not have a session yet"));
    for (path, body) in [("/api/session/renew", ""), ("/api/session/remember", "remember=on")] {
        let answer = visitor.call(path, body).await;
        assert_eq!(
            (answer.status, answer.json()["error"].as_str()),
            (StatusCode::CONFLICT, Some("no_session"))
        );
    }
    // What is not there is removed already.
    assert_eq!(visitor.call("/api/session/remove", "key=email").await.status, StatusCode::OK);
    assert_eq!((app.sessions().await, visitor.session_cookie()), (0, None));
}

#[tokio::test]
async fn a_value_is_set_read_and_removed() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let answer = visitor.call(SET, "key=email&value=ada@example.com").await;
    assert_eq!(answer.json()["values"], json!({ "email": "ada@example.com" }));
    let details = &answer.json()["details"][0];
    assert_eq!(*details, json!({ "key": "email", "bytes": 17, "own": true }));
    visitor.call(SET, "key=count&value=42").await;
    visitor.call(SET, "key=list&value=%7B%22a%22%3A%5B1%2C2%5D%7D").await;
    assert_eq!(value(&visitor, "count").await, 42);
    assert_eq!(value(&visitor, "list").await, json!({ "a": [1, 2] }));
    let page = visitor.open("/session?key=list").await.body;
    assert!(page.contains("<code>list</code>"), "{page}");
    let page = visitor.open("/session?key=nothing").await.body;
    assert!(page.contains("There is no value with the key"), "{page}");
    let answer = visitor.call("/api/session/remove", "key=email").await;
    assert_eq!(answer.json()["values"], json!({ "count": 42, "list": { "a": [1, 2] } }));
}

#[tokio::test]
async fn two_tabs_that_set_at_once_lose_nothing() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.call(SET, "key=first&value=1").await;
    let forms: Vec<_> = (0..50).map(|number| format!("key=key{number}&value={number}")).collect();
    let answers = futures::future::join_all(forms.iter().map(|form| visitor.call(SET, form))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    assert_eq!(visitor.ask(SHOW).await.json()["values"].as_object().unwrap().len(), 51);
}

#[tokio::test]
async fn bad_fields_are_refused_and_what_was_typed_is_kept() {
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
        visitor.ask(SHOW).await.json()["values"].as_object().unwrap().keys().collect::<Vec<_>>(),
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
async fn what_is_nested_as_deeply_as_it_may_be_is_read_back_with_all_else() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    let nested = |levels: usize| format!("key=deep&value={}{}", "%5B".repeat(levels), "%5D".repeat(levels));
    for levels in [33, 125, 126, 127, 128] {
        assert_eq!(
            visitor.call(SET, &nested(levels)).await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{levels}"
        );
    }
    assert_eq!(visitor.call(SET, &nested(32)).await.status, StatusCode::OK);
    visitor.call(SET, "key=other&value=1").await;
    assert!(value(&visitor, "deep").await.is_array());
    assert_eq!(visitor.name().await.as_deref(), Some("Ada"));
}

/// Security: 3.2.2
#[tokio::test]
async fn what_a_visitor_keeps_is_text_and_never_markup() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let evil = "%3C%2Fscript%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    visitor.call(SET, &format!("key={evil}&value={evil}")).await;
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
    let answer = visitor.call(SET, &format!("key=large&value={text}")).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.len() < 200, "{cookie}");
    assert_eq!(value(&visitor, "large").await, text);
    let session = &visitor.ask(SHOW).await.json()["session"];
    assert!(session["bytes"].as_u64().unwrap() > 100_000);
    let bytes = session["cookie"]["bytes"].as_u64().unwrap() as usize;
    assert_eq!(bytes, "id=".len() + visitor.session_cookie().unwrap().len());
    let page = visitor.open("/session").await;
    assert!(page.body.contains("102.4 kB") && !page.sets_cookie());
}

#[tokio::test]
async fn more_than_1_mb_is_refused_with_a_message_and_changes_nothing() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.call(SET, &format!("key=large&value={}", "x".repeat(600_000))).await;
    let more = format!("key=more&value={}", "x".repeat(500_000));
    let page = visitor.submit_and_follow("/session", SET, &more).await.body;
    assert!(page.contains("Your values would take more than 1 MB together."));
    let kept = visitor.ask(SHOW).await.json();
    let own: Vec<_> =
        kept["details"].as_array().unwrap().iter().filter(|value| value["own"] == true).collect();
    assert_eq!(own.len(), 1, "{own:?}");
    let answer = visitor.call(SET, &format!("key=more&value={}", "x".repeat(3_000_000))).await;
    assert_eq!(
        answer.json()["message"],
        "Your values would take more than 1 MB together.",
        "{}",
        answer.body
    );
    // Far too much is not even read.
    let answer = visitor.call(SET, &format!("key=more&value={}", "x".repeat(5_000_000))).await;
    assert_eq!(
        (answer.status, answer.json()["error"].as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, Some("too_large"))
    );
    // A visitor with almost the largest session can still get a message and sign in.
    visitor.call(SET, &format!("key=large&value={}", "x".repeat(999_000))).await;
    visitor.register("Ada").await;
    let page = visitor.submit_and_follow("/session", "/api/session/remove", "key=large").await.body;
    assert!(page.contains("The value has been removed."));
}

#[tokio::test]
async fn what_belongs_to_the_sign_in_is_shown_but_no_secret() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    let answer = visitor.ask(SHOW).await;
    assert!(answer.json()["values"]["sign_in"]["confirmed_at"].is_i64(), "{}", answer.body);
    let id = &visitor.session_cookie().unwrap()[44..];
    let page = visitor.open("/session").await.body;
    for text in [answer.body, page] {
        assert!(!text.contains(&id[4..]) && !text.contains(PASSWORD) && !text.contains("$argon2"));
        assert!(text.contains(&id[..4]));
    }
}

#[tokio::test]
async fn the_log_says_what_happened_and_why_a_cookie_was_sent() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let answer = visitor.call(SET, "key=a&value=1").await;
    assert_eq!(happened(&answer), ["cookie_sent new_session", "set a", "created"]);
    visitor.call(SET, "key=a&value=2").await;
    visitor.call("/api/session/remove", "key=a").await;
    visitor.call("/api/session/renew", "").await;
    let answer = visitor.call("/api/session/remember", "remember=on").await;
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
    assert_eq!(happened(&answer), expected);
    let page = visitor.open("/session").await.body;
    assert!(page.contains("The cookie was sent: the session was new."), "{page}");
    assert!(page.contains("The cookie was not sent, because it had not changed."));
    let other = app.visitor();
    assert_eq!(
        happened(&other.call(SET, "key=b&value=1").await).len(),
        3,
        "each session has a log of its own"
    );
}

#[tokio::test]
async fn a_new_id_keeps_the_values_and_the_old_one_is_dead() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let before = visitor.call(SET, "key=a&value=1").await.json();
    let old = visitor.session_cookie().unwrap();
    let after = visitor.call("/api/session/renew", "").await.json();
    assert_eq!(after["values"], before["values"]);
    assert_ne!(after["session"]["id"], before["session"]["id"]);
    let thief = app.visitor();
    thief.steal(&old);
    assert_eq!(thief.ask(SHOW).await.json()["session"], Value::Null);
}

#[tokio::test]
async fn a_cleared_session_is_over_and_the_next_write_begins_another_one() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    visitor.call(SET, "key=a&value=1").await;
    let old = visitor.session_cookie().unwrap();
    let answer = visitor.call("/api/session/clear", "").await;
    assert_eq!(answer.json()["session"], Value::Null);
    assert_eq!((visitor.session_cookie(), visitor.name().await), (None, None));
    let answer = visitor.call(SET, "key=b&value=2").await;
    assert_eq!(answer.json()["values"], json!({ "b": 2 }));
    assert_ne!(visitor.session_cookie().unwrap(), old);
    assert_eq!(app.sessions().await, 1);
    // By a plain form, too, and it says so.
    let page = visitor.submit_and_follow("/session", "/api/session/clear", "").await.body;
    assert!(page.contains("Your session has been cleared."), "{page}");
}

#[tokio::test]
async fn remember_me_outlasts_the_browser_and_the_other_choice_takes_it_back() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let answer = visitor.call(SET, "key=a&value=1").await;
    assert!(!answer.headers["set-cookie"].to_str().unwrap().contains("Max-Age"));
    let answer = visitor.call("/api/session/remember", "remember=on").await;
    assert!(answer.headers["set-cookie"].to_str().unwrap().contains("Max-Age=2678400"));
    assert_eq!(answer.json()["session"]["cookie"]["max_age"], 2_678_400);
    app.clock.advance(time::Duration::days(20));
    assert_eq!(value(&visitor, "a").await, 1);
    let answer = visitor.call("/api/session/remember", "").await;
    assert!(!answer.headers["set-cookie"].to_str().unwrap().contains("Max-Age"));
    app.clock.advance(time::Duration::minutes(31));
    assert_eq!(visitor.ask(SHOW).await.json()["session"], Value::Null);
}

#[tokio::test]
async fn a_nested_change_is_saved_and_what_stays_is_not_written() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let count = async |form: &str| visitor.call("/api/session/pineapples", form).await.json();
    let ten = count("pineapples=10").await;
    assert_eq!(ten["values"]["pantry"]["fruit"]["pineapples"], 10);
    let hundred = count("pineapples=100").await;
    assert_eq!(value(&visitor, "pantry").await["fruit"]["pineapples"], 100);
    assert_eq!(count("pineapples=100").await["session"]["writes"], hundred["session"]["writes"]);
    assert_ne!(ten["session"]["writes"], hundred["session"]["writes"]);
}

#[tokio::test]
async fn a_page_that_asks_by_itself_keeps_no_session_alive() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.call(SET, "key=a&value=1").await;
    for _ in 0..4 {
        app.clock.advance(time::Duration::minutes(8));
        visitor.ask("/api/session/peek").await;
    }
    assert_eq!(visitor.ask(SHOW).await.json()["session"], Value::Null);
}

/// Security: 7.3.2
#[tokio::test]
async fn a_signed_in_session_is_remembered_only_where_the_password_was_typed_lately() {
    let app = TestApp::start().await;
    let (user, guest) = (app.visitor(), app.visitor());
    user.sign_in().await;
    guest.begin_session().await;
    app.clock.advance(Duration::minutes(11));
    let refused = user.call("/api/session/remember", "remember=on").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    assert_eq!(refused.json()["error"], "confirm_first");
    let at_most = user.ask("/api/visitor/show").await.json()["session"]["at_most"].clone();
    assert_eq!(at_most, 12 * 3_600 - 11 * 60, "nothing has changed");
    assert_eq!(
        user.call("/api/session/remember", "").await.status,
        StatusCode::OK,
        "a shorter clock is free"
    );
    assert_eq!(guest.call("/api/session/remember", "remember=on").await.status, StatusCode::OK);

    user.call("/api/auth/confirm", "password=keep-it-in-the-satchel").await;
    let remembered = user.call("/api/session/remember", "remember=on").await.json();
    assert_eq!(remembered["session"]["remembered"], true);
}
