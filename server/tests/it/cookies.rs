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
    client::{Response, TestApp, Visitor},
};

const SET: &str = "/api/cookies/set";
const DELETE: &str = "/api/cookies/delete";
const TAMPER: &str = "/api/cookies/tamper";
const SHOW: &str = "/api/cookies/show";

/// The `Set-Cookie` headers without the session cookie.
fn set_cookies(headers: &HeaderMap) -> Vec<&str> {
    let all = headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap());
    all.filter(|cookie| !cookie.starts_with("id=") && !cookie.starts_with("__Host-id=")).collect()
}

async fn state_of(visitor: &Visitor<'_>, name: &str) -> Value {
    cookie(&visitor.get(SHOW).await, name)["state"].clone()
}

fn cookie(response: &Response, name: &str) -> Value {
    let list = response.json();
    let found = list.as_array().unwrap().iter().find(|cookie| cookie["name"] == name);
    found.cloned().unwrap_or(Value::Null)
}

#[tokio::test]
async fn a_cookie_is_set_read_and_deleted() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let response = visitor.post(SET, "name=fruit&value=plum&max_age=3600").await;
    assert_eq!(set_cookies(&response.headers), ["fruit=lab:plum; SameSite=Lax; Path=/; Max-Age=3600"]);
    let plum = json!([{ "name": "fruit", "value": "plum", "signature": null, "state": "plain" }]);
    assert_eq!(response.json(), plum);
    assert_eq!(visitor.get(SHOW).await.json(), plum);

    let response = visitor.post(SET, "name=fruit&value=pear&max_age=").await;
    assert_eq!(set_cookies(&response.headers), ["fruit=lab:pear; SameSite=Lax; Path=/"]);
    assert_eq!(response.json().as_array().unwrap().len(), 1);

    let response = visitor.post(DELETE, "name=fruit").await;
    let removal = "fruit=; SameSite=Lax; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    assert_eq!((set_cookies(&response.headers), response.json()), (vec![removal], json!([])));
    assert_eq!(visitor.get(SHOW).await.json(), json!([]));
    assert_eq!(visitor.post(DELETE, "name=fruit").await.status, StatusCode::OK);
}

/// Security: 3.3.2
#[tokio::test]
async fn cookies_are_secure_in_production() {
    let key = SigningKeys::generate();
    let app = TestApp::start_with(&[("LEPTOS_ENV", "PROD"), ("SESSION_KEYS", &key)]).await;
    let visitor = app.visitor();
    for (path, form) in [(SET, "name=fruit&value=plum"), (TAMPER, "name=fruit"), (DELETE, "name=fruit")] {
        let response = visitor.post(path, form).await;
        let cookie = set_cookies(&response.headers)[0];
        assert!(cookie.contains("; SameSite=Lax; Secure; Path=/"), "{cookie}");
        assert!(!cookie.contains("HttpOnly") && !cookie.contains("Domain"), "{cookie}");
    }
    visitor.begin_session().await;
    assert_eq!(state_of(&visitor, "__Host-id").await, "session");
    assert_eq!(visitor.post(DELETE, "name=__Host-id").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_plain_form_sets_the_cookie_with_its_redirect_and_the_page_shows_it() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let response = visitor.submit("/cookies", SET, "name=fruit&value=plum&max_age=60&signed=on").await;
    assert_eq!((response.status, response.location()), (StatusCode::SEE_OTHER, "/cookies"));
    let signed = set_cookies(&response.headers);
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
async fn a_tampered_signed_cookie_is_detected_and_a_plain_one_is_not() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.post(SET, "name=plain&value=user").await;
    let signed = cookie(&visitor.post(SET, "name=signed&value=user&signed=on").await, "signed");
    assert_eq!((&signed["value"], &signed["state"]), (&json!("user"), &json!("signed")));

    let tampered = cookie(&visitor.post(TAMPER, "name=signed").await, "signed");
    assert_eq!(tampered["signature"], signed["signature"]);
    assert_eq!((&tampered["value"], &tampered["state"]), (&json!("user-changed"), &json!("changed")));
    assert_eq!(state_of(&visitor, "signed").await, "changed");
    assert_eq!(cookie(&visitor.post(TAMPER, "name=signed").await, "signed"), signed);

    let plain = cookie(&visitor.post(TAMPER, "name=plain").await, "plain");
    assert_eq!((&plain["value"], &plain["state"]), (&json!("user-changed"), &json!("plain")));

    // Changes that a visitor makes in the developer tools.
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
    let plain = cookie(&visitor.get(SHOW).await, "plain");
    assert_eq!((&plain["value"], &plain["state"]), (&json!("admin"), &json!("plain")));
    assert_eq!(visitor.post(TAMPER, "name=nothing").await.status, StatusCode::NOT_FOUND);
}

/// Security: 13.3.4
#[tokio::test]
async fn a_signed_cookie_stays_valid_while_its_key_is_in_the_ring() {
    let (old, new) = (SigningKeys::generate(), SigningKeys::generate());
    let before = TestApp::start_with(&[("SESSION_KEYS", &old)]).await;
    let visitor = before.visitor();
    visitor.post(SET, "name=fruit&value=plum&signed=on").await;
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
async fn a_signature_from_the_cookie_lab_does_not_open_a_session() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.visitor(), app.visitor());
    ada.register("ada").await;
    // The session cookie is a signature of 44 characters and the id. The test assumes that the id has leaked.
    let id = ada.session_cookie().unwrap()[44..].to_owned();
    for name in ["x", "id.", "Id"] {
        eve.post(SET, &format!("name={name}&value={id}&signed=on")).await;
        let signed = eve.cookie(name).unwrap();
        let mac = URL_SAFE_NO_PAD.decode(signed.rsplit_once('.').unwrap().1).unwrap();
        let unmarked = signed.strip_prefix("lab:s:").unwrap().to_owned();
        for forged in [signed.clone(), unmarked, format!("{}{id}", STANDARD.encode(mac)), id.clone()] {
            eve.steal(&forged);
            assert_eq!(eve.name().await, None, "{forged}");
        }
    }
    eve.steal(&ada.session_cookie().unwrap());
    assert_eq!(eve.name().await.as_deref(), Some("ada"), "the whole cookie opens the session");
}

/// Security: 3.3.4
#[tokio::test]
async fn the_session_cookie_is_masked_and_cannot_be_changed() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.sign_in().await;
    let secret = visitor.session_cookie().unwrap();
    for name in ["id", "__Host-id", "__host-id", "__Secure-id"] {
        for path in [SET, DELETE, TAMPER] {
            let response = visitor.post(path, &format!("name={name}&value=x")).await;
            assert_eq!(response.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {name}");
            assert!(response.body.contains("own cookie") && !response.sets_cookie(), "{path} {name}");
            let response = visitor.submit("/cookies", path, &format!("name={name}&value=x")).await;
            assert!(set_cookies(&response.headers).is_empty() && visitor.session_cookie().unwrap() == secret);
        }
    }
    let session = cookie(&visitor.get(SHOW).await, "id");
    assert_eq!(session["value"], format!("{}… ({} characters)", &secret[..4], secret.len()));
    for path in ["/cookies", SHOW] {
        let body = visitor.open(path).await.body;
        assert!(!body.contains(&secret[..12]) && !body.contains(&secret[44..]), "{path}");
        assert!(!body.contains("Delete id"), "{path}");
    }
}

#[tokio::test]
async fn only_the_name_and_the_length_of_another_apps_cookie_are_shown() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let secrets =
        [("CF_Authorization", "eyJ-top-secret"), ("connect.sid", "s:top-secret.x"), ("fruit", "top-secret")];
    for (name, secret) in secrets {
        visitor.put_cookie(name, secret);
        let shown = format!("… ({} characters)", secret.len());
        let expected = json!({ "name": name, "value": shown, "signature": null, "state": "other" });
        assert_eq!(cookie(&visitor.get(SHOW).await, name), expected);

        // Setting it again would make it readable by scripts.
        for path in [TAMPER, DELETE] {
            let response = visitor.post(path, &format!("name={name}")).await;
            assert_eq!(
                (response.status, response.sets_cookie()),
                (StatusCode::NOT_FOUND, false),
                "{path} {name}"
            );
        }
    }
    let page = visitor.open("/cookies").await.body;
    assert!(page.contains("CF_Authorization") && page.contains("… (14 characters)"), "{page}");
    assert!(!page.contains("Tamper with CF_Authorization") && !page.contains("top-secret"), "{page}");
    for (path, form) in [(SET, "name=mine&value=x"), (TAMPER, "name=mine"), (DELETE, "name=mine")] {
        let body = visitor.post(path, form).await.body;
        assert!(body.contains("CF_Authorization") && !body.contains("top-secret"), "{path}: {body}");
    }
}

#[tokio::test]
async fn a_cookie_of_another_app_with_the_same_name_is_not_shown() {
    let app = TestApp::start().await;
    // A cookie for another path or host can have the same name.
    let (theirs, ours) = ("CF_Authorization=eyJ-top-secret", "CF_Authorization=lab:x");
    for header in [theirs.to_owned(), format!("{theirs}; {ours}"), format!("{ours}; {theirs}")] {
        for path in ["/cookies", SHOW] {
            let response = send_raw(&app, path, header.as_bytes()).await;
            assert!(response.body.contains("(14 characters)"), "{path} {header}: {}", response.body);
            assert!(!response.body.contains("top-secret"), "{path} {header}: {}", response.body);
        }
    }
}

#[tokio::test]
async fn names_are_compared_byte_by_byte() {
    let app = TestApp::start().await;
    let genuine = {
        let visitor = app.visitor();
        visitor.post(SET, "name=fruit&value=plum&signed=on").await;
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
async fn invalid_fields_are_refused_with_a_reason_and_set_no_cookie() {
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
    let list = visitor.get(SHOW).await.json();
    assert!(list.as_array().unwrap().iter().all(|cookie| cookie["state"] == "session"), "{list}");
}

#[tokio::test]
async fn a_refused_plain_form_keeps_the_typed_text_and_shows_the_reason() {
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
async fn at_most_twenty_cookies_are_allowed() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    for number in 1..=20 {
        assert_eq!(visitor.post(SET, &format!("name=c{number}")).await.status, StatusCode::OK);
    }
    let response = visitor.post(SET, "name=c21").await;
    assert_eq!(response.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(response.body.contains("at most 20 cookies"), "{}", response.body);
    assert_eq!(
        visitor.post(SET, "name=c20&value=x").await.status,
        StatusCode::OK,
        "replacing a cookie is allowed"
    );
    visitor.post(DELETE, "name=c1").await;
    assert_eq!(visitor.post(SET, "name=c21").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_cookie_lab_creates_no_session_and_its_responses_are_not_cached() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let responses = [
        visitor.post(SET, "name=fruit&value=plum").await,
        visitor.post(TAMPER, "name=fruit").await,
        visitor.get(SHOW).await,
        visitor.open("/cookies").await,
        visitor.post(DELETE, "name=fruit").await,
    ];
    for response in responses {
        assert_eq!(response.headers[CACHE_CONTROL], "no-store");
        let vary: Vec<_> =
            response.headers.get_all(VARY).iter().map(|value| value.to_str().unwrap()).collect();
        assert!(vary.join(",").split(',').any(|name| name.trim().eq_ignore_ascii_case("cookie")), "{vary:?}");
    }
    assert_eq!((visitor.session_cookie(), app.sessions().await), (None, 0));
}

/// Sends a `Cookie` header with any bytes.
async fn send_raw(app: &TestApp, path: &str, header: &[u8]) -> Response {
    let request =
        Request::get(path).header(ACCEPT, "text/html,application/json").header(HOST, "satchel.test");
    let request = request.header(COOKIE, HeaderValue::from_bytes(header).unwrap());
    app.visitor().send(request.body(Body::empty()).unwrap()).await
}

/// Security: 3.2.2
#[tokio::test]
async fn any_cookie_header_is_shown_as_text_and_never_fails() {
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
            let response = send_raw(&app, path, header).await;
            assert_eq!(response.status, StatusCode::OK, "{path} {shown}");
            if path == "/cookies" {
                for markup in ["<script>alert", "<img", "<b>", "<i>", "<!--x"] {
                    assert!(!response.body.contains(markup), "{markup} of {shown} in {}", response.body);
                }
            }
        }
    }
    let list = send_raw(&app, SHOW, many.as_bytes()).await.json();
    assert_eq!(list.as_array().unwrap().len(), 200);

    // Pseudorandom bytes that a header may contain, the same in each run (Marsaglia's xorshift).
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
