//! Guarantees 4 (no cookies in the database), 5 (reading creates no session) and 7 (signed cookies).

use axum::http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, SET_COOKIE},
};
use session::{SessionConfig, Sessions, SigningKeys};

use crate::harness::{Count, Name, TestSessions, increment};

/// Security: hashed at rest
#[tokio::test]
async fn no_string_in_the_database_works_as_a_cookie() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let session = browser.request();
    session.restart("ada", true).await.unwrap();
    session.update(|name: &mut Name| name.0 = "Ada".into()).await.unwrap();
    browser.respond(&session).await;
    let cookie = browser.cookie().unwrap();
    let (signature, id) = cookie.split_at(44);
    let file = test.database_bytes();
    for secret in [id, &cookie] {
        assert!(!file.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }

    // Even with the signature, the id's hash is not a valid cookie.
    let hash: String = sqlx::query_scalar("select id from sessions").fetch_one(&test.pool).await.unwrap();
    for stolen in [hash.clone(), format!("{signature}{hash}")] {
        let thief = test.browser();
        thief.present(&stolen);
        assert_eq!(thief.read_count().await, None);
    }
}

/// Security: 13.3.1
#[tokio::test]
async fn debug_output_contains_no_secrets() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    let session = browser.request();
    session.update(|name: &mut Name| name.0 = "Ada Lovelace".into()).await.unwrap();
    browser.respond(&session).await;
    let shown = format!("{session:?} {:?} {:?}", test.sessions, test.sessions.layer());
    let key = test.keys.get(..20).unwrap();
    for secret in [&browser.cookie().unwrap()[44..], "Ada", key] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn reading_creates_no_session_and_sets_no_cookie() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    for _ in 0..3 {
        let session = browser.request();
        session.read::<Count>().await.unwrap();
        session.remove::<Count>().await.unwrap();
        session.renew().await.unwrap();
        session.end().await.unwrap();
        assert!(!browser.respond(&session).await.contains_key(SET_COOKIE));
    }
    assert_eq!(test.session_count().await, 0);
}

#[tokio::test]
async fn sets_the_cookie_only_when_the_session_is_created() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    let session = browser.request();
    session.update(increment).await.unwrap();
    let headers = browser.respond(&session).await;
    let cookie = headers[SET_COOKIE].to_str().unwrap();
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/"), "{cookie}");
    assert!(cookie.len() < 200, "{cookie}");
    let session = browser.request();
    session.update(increment).await.unwrap();
    assert!(!browser.respond(&session).await.contains_key(SET_COOKIE));
}

/// Security: 13.3.4
#[tokio::test]
async fn a_cookie_signed_with_an_old_key_is_signed_again_in_the_response() {
    let test = TestSessions::new().await;
    let old_key = test.keys.clone();
    let browser = test.browser();
    browser.count().await.unwrap();
    let signed_by_old = browser.cookie().unwrap();

    let new_key = SigningKeys::generate();
    let rotated = test.with_keys(&[&new_key, &old_key]).await;
    let browser = browser.connected_to(&rotated);
    assert_eq!(browser.read_count().await, Some(1), "the session continues");
    let signed_by_new = browser.cookie().unwrap();
    assert_ne!(signed_by_new, signed_by_old);

    let without_old = test.with_keys(&[&new_key]).await;
    let browser = browser.connected_to(&without_old);
    assert_eq!(browser.read_count().await, Some(1));
    browser.present(&signed_by_old);
    assert_eq!(browser.read_count().await, None);
    assert_eq!(browser.cookie(), None);
}

#[tokio::test]
async fn does_not_sign_the_cookie_of_an_ended_session_again() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let rotated = test.with_keys(&[&SigningKeys::generate(), &test.keys]).await;
    let late = browser.connected_to(&rotated).request();
    late.read::<Count>().await.unwrap();
    browser.end().await;
    assert!(!browser.connected_to(&rotated).respond(&late).await.contains_key(SET_COOKIE));
}

/// Security: 7.2.1, never adopted, tampered cookies
#[tokio::test]
async fn removes_tampered_and_malformed_cookies_and_adopts_none() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let good = browser.cookie().unwrap();
    let flipped = format!("{}{}", if good.starts_with('A') { "B" } else { "A" }, &good[1..]);
    let unsigned = good[44..].to_owned();
    let strangers = TestSessions::new().await;
    let stranger = strangers.browser();
    stranger.count().await.unwrap();
    for bad in [
        flipped,
        unsigned,
        stranger.cookie().unwrap(),
        "x".into(),
        "%".into(),
        "%00%ff".into(),
        "a".repeat(5_000),
    ] {
        let browser = test.browser();
        browser.present(&bad);
        let session = browser.request();
        assert_eq!(session.read::<Count>().await.unwrap(), None, "{bad}");
        browser.respond(&session).await;
        assert_eq!(browser.cookie(), None, "{bad}");

        browser.present(&bad);
        assert_eq!(browser.count().await.unwrap(), 1, "a new session is created");
        assert_ne!(browser.cookie(), Some(bad));
    }
}

/// Security: never adopted
#[tokio::test]
async fn does_not_adopt_a_signed_id_without_a_session() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let cookie = browser.cookie().unwrap();
    sqlx::query("delete from sessions").execute(&test.pool).await.unwrap();
    assert!(browser.count().await.is_err());
    assert_eq!(browser.cookie(), None);
    assert_eq!(browser.count().await.unwrap(), 1);
    assert_ne!(browser.cookie().unwrap(), cookie);
}

#[tokio::test]
async fn ignores_unsigned_cookies_beside_the_signed_one() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let mut headers = HeaderMap::new();
    headers.append(
        COOKIE,
        HeaderValue::from_str(&format!("id=tossed; id={}", browser.cookie().unwrap())).unwrap(),
    );
    assert_eq!(test.sessions.open(&headers).read::<Count>().await.unwrap(), Some(Count(1)));
}

#[tokio::test]
async fn other_cookies_may_contain_any_bytes() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let header = [b"name=Jos\xe9; id=", browser.cookie().unwrap().as_bytes(), b"; x=\xff"].concat();
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, HeaderValue::from_bytes(&header).unwrap());
    assert_eq!(test.sessions.open(&headers).read::<Count>().await.unwrap(), Some(Count(1)));
}

/// Security: 16.2.5, 16.3.3, tampered cookies
#[tokio::test]
async fn the_log_contains_hashes_but_no_ids() {
    let test = TestSessions::new().await;
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(|| Log).init();
    let browser = test.browser();
    browser.count().await.unwrap();
    let first = browser.cookie().unwrap();
    let session = browser.request();
    session.restart("ada", true).await.unwrap();
    browser.respond(&session).await;
    let second = browser.cookie().unwrap();
    browser.end().await;
    let forged = format!("{}x", second);
    browser.present(&forged);
    browser.read_count().await;
    let text = LOG.with_borrow(|log| String::from_utf8(log.clone()).unwrap());
    for message in ["began a session", "renewed a session", "ended a session", "not signed by us"] {
        assert!(text.contains(message), "{message} in {text}");
    }
    for secret in [&first, &first[44..], &second, &second[44..], &forged] {
        assert!(!text.contains(secret), "{text}");
    }
}

thread_local! {
    /// What this test has logged. Other tests log from other threads.
    static LOG: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) };
}

struct Log;

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Security: 3.3.1, 3.3.2
#[tokio::test]
async fn a_host_cookie_is_set_and_removed_with_the_required_attributes() {
    let test = TestSessions::new().await;
    let config = SessionConfig::new(SigningKeys::parse(&test.keys).unwrap());
    let sessions = Sessions::new(test.pool.clone(), config).await.unwrap();
    let session = sessions.open(&HeaderMap::new());
    session.update(increment).await.unwrap();
    let mut headers = HeaderMap::new();
    sessions.close(&session, &mut headers).await;
    let set = headers[SET_COOKIE].to_str().unwrap().to_owned();

    let mut request = HeaderMap::new();
    request.insert(COOKIE, HeaderValue::from_static("__Host-id=forged"));
    let mut headers = HeaderMap::new();
    sessions.close(&sessions.open(&request), &mut headers).await;
    let removed = headers[SET_COOKIE].to_str().unwrap().to_owned();
    for cookie in [set, removed.clone()] {
        assert!(cookie.starts_with("__Host-id="), "{cookie}");
        for attribute in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
            assert!(cookie.contains(attribute), "{attribute} in {cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    assert!(removed.contains("; Max-Age=0"), "{removed}");
}
