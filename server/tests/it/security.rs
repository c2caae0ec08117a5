//! Requirements of `docs/security.md` for all pages, functions and cookies.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header::SET_COOKIE},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use time::Duration;

use crate::client::{DEMO, PASSWORD, Response, TestApp, Visitor};

/// The length of the signature in front of the id, in characters.
const SIGNATURE: usize = 44;

/// Every page, and one that does not exist.
fn pages() -> Vec<String> {
    let pages = server::state::app_pages().into_iter().map(|route| route.path().replace("{id}", "1"));
    pages.chain(["/nothing".to_owned()]).collect()
}

fn functions(wanted: Method) -> Vec<&'static str> {
    let all = server_fn::axum::server_fn_paths();
    all.filter(|(_, method)| *method == wanted).map(|(path, _)| path).collect()
}

/// The headers without cookies, and the body.
fn text_of(mut response: Response) -> String {
    response.headers.remove(SET_COOKIE);
    format!("{:?} {}", response.headers, response.body)
}

/// Security: 7.2.4
#[tokio::test]
async fn signing_in_again_cycles_the_id_and_invalidates_the_old_one() {
    let app = TestApp::start().await;
    let (visitor, thief) = (app.visitor(), app.visitor());
    visitor.sign_in().await;
    let before = visitor.session_cookie().unwrap();
    visitor.sign_in().await;
    assert_ne!(visitor.session_cookie().unwrap(), before);
    thief.steal(&before);
    assert_eq!((thief.name().await, visitor.name().await.as_deref()), (None, Some("Demo")));
    assert_eq!(app.sessions().await, 1);
}

/// Security: 7.2.2, 7.2.3
#[tokio::test]
async fn each_of_the_128_bits_of_an_id_varies() {
    let app = TestApp::start().await;
    let (mut ones, mut zeros, mut seen) = (0_u128, 0_u128, std::collections::BTreeSet::new());
    for _ in 0..100 {
        let visitor = app.visitor();
        visitor.post("/api/preferences/theme", "theme=dark").await;
        let id = URL_SAFE_NO_PAD.decode(&visitor.session_cookie().unwrap()[SIGNATURE..]).unwrap();
        let id = u128::from_be_bytes(id.try_into().unwrap());
        (ones, zeros) = (ones | id, zeros | !id);
        assert!(seen.insert(id), "an id was generated twice");
    }
    assert_eq!((ones, zeros), (u128::MAX, u128::MAX));
}

/// Security: 7.1.2
#[tokio::test]
async fn the_fifty_first_device_signs_out_the_least_recently_used_one() {
    let app = TestApp::start_with(&[("SIGN_IN_LIMIT", "off")]).await;
    let devices: Vec<_> = (0..51).map(|_| app.visitor()).collect();
    devices[0].register("Ada").await;
    for device in &devices[1..] {
        app.clock.advance(Duration::seconds(1));
        assert_eq!(device.sign_in_as("Ada").await.status, StatusCode::OK);
    }
    assert_eq!((devices[0].name().await, devices[1].name().await.as_deref()), (None, Some("Ada")));
    assert_eq!(devices[50].get("/api/auth/devices").await.json().as_array().unwrap().len(), 50);
}

/// Security: 7.4.4
#[tokio::test]
async fn every_page_has_a_button_to_sign_out() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.sign_in().await;
    for path in pages() {
        let page = visitor.open(&path).await.body;
        let header = page.split("<header").nth(1).and_then(|rest| rest.split("</header>").next()).unwrap();
        assert!(
            header.contains("action=\"/api/auth/logout\"") && header.contains("Sign out"),
            "{path}: {header}"
        );
    }
    assert!(!pages().is_empty());
}

/// Security: 3.3.4, 14.2.1
#[tokio::test]
async fn no_response_contains_the_session_id() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.begin_session().await;
    visitor.sign_in().await;
    let cookie = visitor.session_cookie().unwrap();
    let (signature, id) = cookie.split_at(SIGNATURE);
    let mut responses = Vec::new();
    for path in pages() {
        responses.push((path.clone(), text_of(visitor.open(&path).await)));
    }
    for path in functions(Method::GET) {
        responses.push((path.to_owned(), text_of(visitor.get(path).await)));
    }
    assert!(responses.iter().any(|(_, response)| response.contains("demo@example.com")));
    for (path, response) in responses {
        for secret in [signature, id, &signature.replace('=', "%3D"), &id[4..]] {
            assert!(!response.contains(secret), "{path}: {response}");
        }
    }
}

/// Security: 7.2.2, 14.2.1
#[tokio::test]
async fn a_session_id_outside_its_cookie_is_ignored() {
    let app = TestApp::start().await;
    let (ada, thief) = (app.visitor(), app.visitor());
    ada.register("Ada").await;
    let cookie = ada.session_cookie().unwrap();
    let encoded: String = cookie.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    for path in
        [format!("/api/visitor/show?id={encoded}"), format!("/api/visitor/show?sid={encoded}&id={encoded}")]
    {
        assert_eq!(thief.get(&path).await.json()["user"], serde_json::Value::Null, "{path}");
    }
    for (name, text) in
        [("authorization", format!("Bearer {cookie}")), ("x-session-id", cookie.clone()), ("id", cookie)]
    {
        let request =
            Request::get("/api/visitor/show").header("accept", "application/json").header(name, text);
        let response = thief.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.json()["user"], serde_json::Value::Null, "{name}");
    }
}

/// Security: 3.5.3
#[tokio::test]
async fn changing_functions_refuse_get_requests() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let changing = functions(Method::POST);
    assert!(!changing.is_empty());
    for path in changing {
        for accept in ["application/json", "text/html"] {
            for method in [Method::GET, Method::HEAD] {
                let request = Request::builder().method(method).uri(path).header("accept", accept);
                let response = visitor.send(request.body(Body::empty()).unwrap()).await;
                assert_eq!(response.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
                assert!(!response.sets_cookie(), "{path}");
            }
        }
    }
    assert_eq!(app.sessions().await, 0);
}

/// Security: 3.3.5
#[tokio::test]
async fn no_cookie_is_longer_than_4096_bytes() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    // <cookies>
    let form =
        |length| format!("name={}&value={}&max_age=34560000&signed=on", "n".repeat(64), "v".repeat(length));
    // </cookies>
    let sign_in = format!("{DEMO}&remember=on");
    for (path, body, status) in [
        ("/api/auth/login", sign_in, StatusCode::OK),
        // <cookies>
        ("/api/cookies/set", form(1_000), StatusCode::OK),
        ("/api/cookies/set", form(4_000), StatusCode::UNPROCESSABLE_ENTITY),
        // </cookies>
    ] {
        let response = visitor.post(path, &body).await;
        assert_eq!(
            (response.status, response.sets_cookie()),
            (status, status.is_success()),
            "{path}: {}",
            response.body
        );
        for cookie in response.headers.get_all(SET_COOKIE) {
            assert!(cookie.len() <= 4_096, "{path}: {cookie:?}");
        }
    }
}

/// Security: 11.4.2
#[tokio::test]
async fn passwords_are_hashed_with_argon2id_at_the_cost_that_owasp_recommends() {
    let app = TestApp::start().await;
    app.visitor().register("Ada").await;
    let hashes: Vec<String> =
        sqlx::query_scalar("select password_hash from users").fetch_all(&app.pool).await.unwrap();
    assert_eq!(hashes.len(), 2);
    for hash in hashes {
        // OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 thread at least.
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && !hash.contains(PASSWORD), "{hash}");
    }
}

/// Tries to sign in behind a proxy that adds its address to a header of the client.
async fn guess(visitor: &Visitor<'_>, number: usize, proxy: &str) -> StatusCode {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/auth/login")
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-forwarded-for", format!("10.0.0.{number}, {proxy}"));
    let form = format!("email=n{number}@example.com&password=guess");
    visitor.send(request.body(Body::from(form)).unwrap()).await.status
}

/// Security: 15.3.4
#[tokio::test]
async fn the_client_address_is_the_one_that_the_proxy_adds() {
    let settings = [("SIGN_IN_LIMIT", "1/1h"), ("CLIENT_IP_SOURCE", "RightmostXForwardedFor")];
    let app = TestApp::start_with(&settings).await;
    let visitor = app.visitor();
    for number in 0..10 {
        assert_eq!(guess(&visitor, number, "192.0.2.1").await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(guess(&visitor, 10, "192.0.2.1").await, StatusCode::TOO_MANY_REQUESTS, "ten forged addresses");
    assert_eq!(guess(&visitor, 11, "192.0.2.2").await, StatusCode::UNAUTHORIZED, "another client");
}

/// Security: 16.5.1, 16.5.3
#[tokio::test]
async fn a_server_error_shows_no_private_data_and_no_internals() {
    for table in ["users", "sessions"] {
        let app = TestApp::start_with(&[("DATABASE_SHARED", "true")]).await;
        let visitor = app.visitor();
        visitor.register("Ada").await;
        app.change(&format!("alter table {table} rename to elsewhere")).await;
        let responses = [
            visitor.open("/account").await,
            visitor.get("/api/auth/devices").await,
            visitor.get("/api/visitor/show").await,
            visitor.post("/api/auth/name", "name=Eve").await,
            visitor.submit("/account", "/api/auth/name", "name=Eve").await,
            visitor.sign_in_as("Ada").await,
        ];
        for response in responses {
            assert!(response.status.is_server_error(), "{table}: {} {}", response.status, response.body);
            let text = text_of(response).to_lowercase();
            for word in
                ["sql", "no such", table, "select", "panicked", ".rs:", "ada@example.com", "your devices"]
            {
                assert!(!text.contains(word), "{word} in {text}");
            }
        }
    }
}
