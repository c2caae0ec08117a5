//! The cookie lab.

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderValue, Request, StatusCode,
        header::{ACCEPT, CACHE_CONTROL, COOKIE, HOST, SET_COOKIE, VARY},
    },
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use session::SigningKeys;

use crate::{
    bad_input::refuses_all,
    client::{Answer, TestApp, Visitor},
};

const SET: &str = "/api/cookies/set";
const DELETE: &str = "/api/cookies/delete";
const TAMPER: &str = "/api/cookies/tamper";
const SHOW: &str = "/api/cookies/show";

/// The `Set-Cookie` headers but for the session's.
fn set_cookies(headers: &HeaderMap) -> Vec<&str> {
    let all = headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap());
    all.filter(|cookie| !cookie.starts_with("id=") && !cookie.starts_with("__Host-id=")).collect()
}

async fn state_of(visitor: &Visitor<'_>, name: &str) -> Value {
    cookie(&visitor.ask(SHOW).await, name)["state"].clone()
}

fn cookie(answer: &Answer, name: &str) -> Value {
    let list = answer.json();
    let found = list.as_array().unwrap().iter().find(|cookie| cookie["name"] == name);
    found.cloned().unwrap_or(Value::Null)
}

#[tokio::test]
async fn a_cookie_is_set_read_and_deleted() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let answer = visitor.call(SET, "name=fruit&value=plum&max_age=3600").await;
    assert_eq!(set_cookies(&answer.headers), ["fruit=lab:plum; SameSite=Lax; Path=/; Max-Age=3600"]);
    let plum = json!([{ "name": "fruit", "value": "plum", "signature": null, "state": "plain" }]);
    assert_eq!(answer.json(), plum);
    assert_eq!(visitor.ask(SHOW).await.json(), plum);

    let answer = visitor.call(SET, "name=fruit&value=pear&max_age=").await;
    assert_eq!(set_cookies(&answer.headers), ["fruit=lab:pear; SameSite=Lax; Path=/"]);
    assert_eq!(answer.json().as_array().unwrap().len(), 1);

    let answer = visitor.call(DELETE, "name=fruit").await;
    let removal = "fruit=; SameSite=Lax; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    assert_eq!((set_cookies(&answer.headers), answer.json()), (vec![removal], json!([])));
    assert_eq!(visitor.ask(SHOW).await.json(), json!([]));
    assert_eq!(visitor.call(DELETE, "name=fruit").await.status, StatusCode::OK);
}

/// Security: 3.3.2
#[tokio::test]
async fn in_production_cookies_travel_over_https_only() {
    let key = SigningKeys::generate();
    let app = TestApp::start_with(&[("LEPTOS_ENV", "PROD"), ("SESSION_KEYS", &key)]).await;
    let visitor = app.visitor();
    for (path, form) in [(SET, "name=fruit&value=plum"), (TAMPER, "name=fruit"), (DELETE, "name=fruit")] {
        let answer = visitor.call(path, form).await;
        let cookie = set_cookies(&answer.headers)[0];
        assert!(cookie.contains("; SameSite=Lax; Secure; Path=/"), "{cookie}");
        assert!(!cookie.contains("HttpOnly") && !cookie.contains("Domain"), "{cookie}");
    }
    visitor.begin_session().await;
    assert_eq!(state_of(&visitor, "__Host-id").await, "session");
    assert_eq!(visitor.call(DELETE, "name=__Host-id").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_plain_form_sets_the_cookie_with_its_redirect_and_the_page_shows_it() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let answer = visitor.submit("/cookies", SET, "name=fruit&value=plum&max_age=60&signed=on").await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/cookies"));
    let signed = set_cookies(&answer.headers);
    assert!(signed[0].starts_with("fruit=lab:s:plum.") && signed[0].ends_with("; Max-Age=60"), "{signed:?}");

    let page = visitor.open("/cookies").await.body;
    assert!(
        page.contains("The cookie has been set.") && page.contains("Signed: the signature is valid"),
        "{page}"
    );
    let page = visitor.submit_and_follow("/cookies", TAMPER, "name=fruit").await.body;
    assert!(page.contains("plum-changed") && page.contains("the server ignores it"), "{page}");
    let page = visitor.submit_and_follow("/cookies", DELETE, "name=fruit").await.body;
    assert!(page.contains("The cookie has been deleted.") && !page.contains("plum"), "{page}");
}

#[tokio::test]
async fn a_tampered_signed_cookie_is_found_out_and_a_plain_one_believed() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.call(SET, "name=plain&value=user").await;
    let signed = cookie(&visitor.call(SET, "name=signed&value=user&signed=on").await, "signed");
    assert_eq!((&signed["value"], &signed["state"]), (&json!("user"), &json!("signed")));

    let tampered = cookie(&visitor.call(TAMPER, "name=signed").await, "signed");
    assert_eq!(tampered["signature"], signed["signature"]);
    assert_eq!((&tampered["value"], &tampered["state"]), (&json!("user-changed"), &json!("changed")));
    assert_eq!(state_of(&visitor, "signed").await, "changed");
    assert_eq!(cookie(&visitor.call(TAMPER, "name=signed").await, "signed"), signed);

    let plain = cookie(&visitor.call(TAMPER, "name=plain").await, "plain");
    assert_eq!((&plain["value"], &plain["state"]), (&json!("user-changed"), &json!("plain")));

    // By hand, as in a browser's developer tools.
    let text = visitor.cookie("signed").unwrap();
    visitor.put_cookie("other", &text);
    assert_eq!(state_of(&visitor, "other").await, "changed", "the name is signed, too");
    let changes = [text.replace("user", "admin"), format!("{text}A"), "lab:s:".into(), "lab:s:user".into()];
    for changed in changes {
        visitor.put_cookie("signed", &changed);
        assert_eq!(state_of(&visitor, "signed").await, "changed", "{changed}");
    }
    visitor.put_cookie("signed", &text);
    assert_eq!(state_of(&visitor, "signed").await, "signed");
    visitor.put_cookie("plain", "lab:admin");
    let plain = cookie(&visitor.ask(SHOW).await, "plain");
    assert_eq!((&plain["value"], &plain["state"]), (&json!("admin"), &json!("plain")));
    assert_eq!(visitor.call(TAMPER, "name=nothing").await.status, StatusCode::NOT_FOUND);
}

/// Security: 13.3.4
#[tokio::test]
async fn a_signed_cookie_outlives_a_change_of_keys() {
    let (old, new) = (SigningKeys::generate(), SigningKeys::generate());
    let before = TestApp::start_with(&[("SESSION_KEYS", &old)]).await;
    let visitor = before.visitor();
    visitor.call(SET, "name=fruit&value=plum&signed=on").await;
    let text = visitor.cookie("fruit").unwrap();
    for (keys, state) in [(format!("{new},{old}"), "signed"), (new, "changed")] {
        let after = TestApp::start_with(&[("SESSION_KEYS", &keys)]).await;
        let visitor = after.visitor();
        visitor.put_cookie("fruit", &text);
        assert_eq!(state_of(&visitor, "fruit").await, state);
    }
}

/// Security: 7.2.2
#[tokio::test]
async fn a_signature_made_here_opens_no_session() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.visitor(), app.visitor());
    ada.register("ada").await;
    // The session's cookie is 44 characters of signature and the id. Say that the id has leaked.
    let id = ada.session_cookie().unwrap()[44..].to_owned();
    for name in ["x", "id.", "Id"] {
        eve.call(SET, &format!("name={name}&value={id}&signed=on")).await;
        let signed = eve.cookie(name).unwrap();
        let mac = URL_SAFE_NO_PAD.decode(signed.rsplit_once('.').unwrap().1).unwrap();
        let unmarked = signed.strip_prefix("lab:s:").unwrap().to_owned();
        for forged in [signed.clone(), unmarked, format!("{}{id}", STANDARD.encode(mac)), id.clone()] {
            eve.steal(&forged);
            assert_eq!(eve.name().await, None, "{forged}");
        }
    }
    eve.steal(&ada.session_cookie().unwrap());
    assert_eq!(eve.name().await.as_deref(), Some("ada"), "so the theft as such was well done");
}

/// Security: 3.3.4
#[tokio::test]
async fn the_sessions_own_cookie_is_listed_masked_and_not_for_changing() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.sign_in().await;
    let secret = visitor.session_cookie().unwrap();
    for name in ["id", "__Host-id", "__host-id", "__Secure-id"] {
        for path in [SET, DELETE, TAMPER] {
            let answer = visitor.call(path, &format!("name={name}&value=x")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {name}");
            assert!(answer.body.contains("own cookie") && !answer.sets_cookie(), "{path} {name}");
            let answer = visitor.submit("/cookies", path, &format!("name={name}&value=x")).await;
            assert!(set_cookies(&answer.headers).is_empty() && visitor.session_cookie().unwrap() == secret);
        }
    }
    let session = cookie(&visitor.ask(SHOW).await, "id");
    assert_eq!(session["value"], format!("{}… ({} characters)", &secret[..4], secret.len()));
    for path in ["/cookies", SHOW] {
        let body = visitor.open(path).await.body;
        assert!(!body.contains(&secret[..12]) && !body.contains(&secret[44..]), "{path}");
        assert!(!body.contains("Delete id"), "{path}");
    }
}

#[tokio::test]
async fn of_another_apps_cookie_only_name_and_length_are_told() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let secrets =
        [("CF_Authorization", "eyJ-top-secret"), ("connect.sid", "s:top-secret.x"), ("fruit", "top-secret")];
    for (name, secret) in secrets {
        visitor.put_cookie(name, secret);
        let shown = format!("… ({} characters)", secret.len());
        let expected = json!({ "name": name, "value": shown, "signature": null, "state": "other" });
        assert_eq!(cookie(&visitor.ask(SHOW).await, name), expected);

        // Sent back by the server it would be open to scripts.
        for path in [TAMPER, DELETE] {
            let answer = visitor.call(path, &format!("name={name}")).await;
            assert_eq!(
                (answer.status, answer.sets_cookie()),
                (StatusCode::NOT_FOUND, false),
                "{path} {name}"
            );
        }
    }
    let page = visitor.open("/cookies").await.body;
    assert!(page.contains("CF_Authorization") && page.contains("… (14 characters)"), "{page}");
    assert!(!page.contains("Tamper with CF_Authorization") && !page.contains("top-secret"), "{page}");
    for (path, form) in [(SET, "name=mine&value=x"), (TAMPER, "name=mine"), (DELETE, "name=mine")] {
        let body = visitor.call(path, form).await.body;
        assert!(body.contains("CF_Authorization") && !body.contains("top-secret"), "{path}: {body}");
    }
}

#[tokio::test]
async fn a_name_set_here_for_a_second_shows_no_other_cookie_of_that_name() {
    let app = TestApp::start().await;
    // What another app has set for another path or host comes beside ours, and stays when ours is over.
    let (theirs, ours) = ("CF_Authorization=eyJ-top-secret", "CF_Authorization=lab:x");
    for header in [theirs.to_owned(), format!("{theirs}; {ours}"), format!("{ours}; {theirs}")] {
        for path in ["/cookies", SHOW] {
            let answer = send_raw(&app, path, header.as_bytes()).await;
            assert!(answer.body.contains("(14 characters)"), "{path} {header}: {}", answer.body);
            assert!(!answer.body.contains("top-secret"), "{path} {header}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn names_are_compared_byte_by_byte() {
    let app = TestApp::start().await;
    let genuine = {
        let visitor = app.visitor();
        visitor.call(SET, "name=fruit&value=plum&signed=on").await;
        visitor.cookie("fruit").unwrap()
    };
    let read = async |name: &[u8]| {
        let header = [name, b"=", genuine.as_bytes()].concat();
        send_raw(&app, SHOW, &header).await.json()[0].clone()
    };
    for name in [&b"fruit"[..], b" \tfruit\t "] {
        let fruit = read(name).await;
        assert_eq!((&fruit["name"], &fruit["state"]), (&json!("fruit"), &json!("signed")));
    }
    for space in ["\u{85}", "\u{a0}", "\u{2000}", "\u{3000}"] {
        let name = format!("{space}fruit");
        let other = read(name.as_bytes()).await;
        assert_eq!((&other["name"], &other["state"]), (&json!(name), &json!("other")));
    }
    for name in [&b"\xa0fruit"[..], b"fruit\xff", b"fr\xc3uit", b"Fruit"] {
        let other = read(name).await;
        assert_ne!(other["name"], "fruit", "{name:?}");
        assert_ne!(other["state"], "signed", "{name:?}");
    }
}

#[tokio::test]
async fn bad_fields_are_refused_with_the_reason_and_set_nothing() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let long_name = format!("name={}", "n".repeat(65));
    let long_value = format!("name=a&value={}", "v".repeat(1_001));
    let cases = [
        (SET, "", 422, "\"field\":\"name\",\"message\":\"Please fill in"),
        (SET, "name=a+b", 422, "Please use only letters"),
        (SET, "name=a%0d%0aSet-Cookie:%20x=y", 422, "Please use only letters"),
        (SET, &long_name, 422, "at most 64 characters"),
        (SET, "name=__Host-a&value=x", 422, "Browsers have special rules"),
        (SET, "name=id&value=x", 422, "own cookie"),
        (SET, "name=a&value=x%3B+HttpOnly", 422, "\"field\":\"value\",\"message\":\"Please use only ASCII"),
        (SET, "name=a&value=%00", 422, "Please use only ASCII"),
        (SET, "name=a&value=caf%C3%A9&signed=on", 422, "Please use only ASCII"),
        (SET, &long_value, 422, "at most 1000 characters"),
        (SET, "name=a&value=s:x", 422, "Only signed values"),
        (SET, "name=a&max_age=0", 422, "\"field\":\"max_age\",\"message\":\"This would delete"),
        (SET, "name=a&max_age=an+hour", 422, "whole number"),
        (SET, "name=a&max_age=34560001", 422, "from 1 to 34560000"),
        (SET, "name=a&name=b", 400, "malformed"),
        (DELETE, "", 422, "Please fill in"),
        (DELETE, "name=%ff", 422, "Please use only letters"),
        (TAMPER, "name=a;b", 422, "Please use only letters"),
        (TAMPER, "name=a", 404, "not_found"),
    ];
    refuses_all(&visitor, "/cookies", &cases).await;
    let list = visitor.ask(SHOW).await.json();
    assert!(list.as_array().unwrap().iter().all(|cookie| cookie["state"] == "session"), "{list}");
}

#[tokio::test]
async fn a_refused_plain_form_keeps_what_was_typed_beside_the_reason() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let page =
        visitor.submit_and_follow("/cookies", SET, "name=fruit&value=a+b&max_age=60&signed=on").await.body;
    for text in
        ["value=\"fruit\"", "value=\"a b\"", "value=\"60\"", "checked", "Please use only ASCII characters"]
    {
        assert!(page.contains(text), "{text} in {page}");
    }
}

#[tokio::test]
async fn there_is_room_for_twenty() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    for number in 1..=20 {
        assert_eq!(visitor.call(SET, &format!("name=c{number}")).await.status, StatusCode::OK);
    }
    let answer = visitor.call(SET, "name=c21").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("at most 20 cookies"), "{}", answer.body);
    assert_eq!(visitor.call(SET, "name=c20&value=x").await.status, StatusCode::OK, "it is there already");
    visitor.call(DELETE, "name=c1").await;
    assert_eq!(visitor.call(SET, "name=c21").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_script_leaves_no_session_behind_and_no_cache_keeps_the_answer() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let answers = [
        visitor.call(SET, "name=fruit&value=plum").await,
        visitor.call(TAMPER, "name=fruit").await,
        visitor.ask(SHOW).await,
        visitor.open("/cookies").await,
        visitor.call(DELETE, "name=fruit").await,
    ];
    for answer in answers {
        assert_eq!(answer.headers[CACHE_CONTROL], "no-store");
        let vary: Vec<_> = answer.headers.get_all(VARY).iter().map(|value| value.to_str().unwrap()).collect();
        assert!(vary.join(",").split(',').any(|name| name.trim().eq_ignore_ascii_case("cookie")), "{vary:?}");
    }
    assert_eq!((visitor.session_cookie(), app.sessions().await), (None, 0));
}

/// Sends one `Cookie` header of any bytes.
async fn send_raw(app: &TestApp, path: &str, header: &[u8]) -> Answer {
    let request =
        Request::get(path).header(ACCEPT, "text/html,application/json").header(HOST, "satchel.test");
    let request = request.header(COOKIE, HeaderValue::from_bytes(header).unwrap());
    app.visitor().send(request.body(Body::empty()).unwrap()).await
}

/// Security: 3.2.2
#[tokio::test]
async fn whatever_the_header_holds_is_text_and_never_a_fault_of_ours() {
    let app = TestApp::start().await;
    let many = (0..300).map(|number| format!("c{number}=x")).collect::<Vec<_>>().join("; ");
    let headers: [&[u8]; 9] = [
        b"a=lab:\xff\xfe; \xc3=1; \xf0\x9f=\x80",
        many.as_bytes(),
        b"=; =x; ;;; x; a==; \t; lab:",
        b"<script>alert(1)</script>=<script>alert(2)</script>",
        b"a=lab:</script><script>alert(1)</script>; b=lab:\"><img src=x onerror=alert(1)>; c=lab:<!--x",
        b"a=lab:s:<b>.<i>; id=<script>alert(3)</script>",
        b"s:=lab:s:; a=lab:s:.; b=lab:s:..; c=lab:s:\xff.\xff; d=s:.; e=lab:",
        b"a=lab:1; a=lab:2; a=3; a=lab:s:4.5",
        b"name=lab:'\"&lt;",
    ];
    for header in headers {
        let shown = String::from_utf8_lossy(header);
        for path in ["/cookies", SHOW] {
            let answer = send_raw(&app, path, header).await;
            assert_eq!(answer.status, StatusCode::OK, "{path} {shown}");
            if path == "/cookies" {
                for markup in ["<script>alert", "<img", "<b>", "<i>", "<!--x"] {
                    assert!(!answer.body.contains(markup), "{markup} of {shown} in {}", answer.body);
                }
            }
        }
    }
    let list = send_raw(&app, SHOW, many.as_bytes()).await.json();
    assert_eq!(list.as_array().unwrap().len(), 200);

    // Any bytes that a header may have, the same ones in each run (Marsaglia's xorshift).
    let mut state = 0x5a7c_4e15_0b57_1e0d_u64;
    let mut byte = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let byte = state.to_be_bytes()[0];
        if byte.is_multiple_of(4) { b"=;s:.\"< "[usize::from(byte / 4 % 8)] } else { byte }
    };
    for _ in 0..300 {
        let bytes = (0..80).map(|_| byte()).filter(|byte| *byte >= b' ' && *byte != 0x7f);
        let header: Vec<_> = b"a=lab:".iter().copied().chain(bytes).collect();
        let status = send_raw(&app, "/cookies", &header).await.status;
        assert_eq!(status, StatusCode::OK, "{header:?}");
        assert_eq!(send_raw(&app, SHOW, &header).await.status, StatusCode::OK, "{header:?}");
    }
}
