//! What sessions do in Flask, Express and Rails. The pages `docs/from-*.md` quote these functions.

use axum::http::{HeaderMap, header::SET_COOKIE};
use serde::{Deserialize, Serialize};
use session::{KeyError, Pool, Session, SessionConfig, SessionError, SessionValue, Sessions, SigningKeys};
use time::Duration;

use crate::harness::{Browser, TestSessions};

#[derive(Default, Deserialize, Serialize)]
struct Visits(u64);

impl SessionValue for Visits {
    const KEY: &'static str = "visits";
}

async fn count_visit(session: &Session) -> Result<u64, SessionError> {
    let count = |visits: &mut Visits| {
        visits.0 += 1;
        visits.0
    };
    session.update(count).await
}

async fn reset_visits(session: &Session) -> Result<(), SessionError> {
    session.remove::<Visits>().await?;
    Ok(())
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Username(String);

impl SessionValue for Username {
    const KEY: &'static str = "username";
}

async fn sign_in(session: &Session, name: &str, remember: bool) -> Result<(), SessionError> {
    session.restart(name, remember).await?;
    session.update(|username: &mut Username| username.0 = name.to_owned()).await
}

async fn welcome(session: &Session) -> Result<String, SessionError> {
    let name = session.read::<Username>().await?;
    Ok(name.map_or("Welcome Anonymous".to_owned(), |name| format!("Welcome {}", name.0)))
}

async fn sign_out(session: &Session) -> Result<(), SessionError> {
    session.end().await
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Email(String);

impl SessionValue for Email {
    const KEY: &'static str = "email";
}

async fn set_email(session: &Session, email: String) -> Result<(), SessionError> {
    session.update(|value: &mut Email| value.0.clone_from(&email)).await
}

async fn email(session: &Session) -> Result<Option<Email>, SessionError> {
    session.read::<Email>().await
}

async fn has_email(session: &Session) -> Result<bool, SessionError> {
    Ok(session.read::<Email>().await?.is_some())
}

async fn remove_email(session: &Session) -> Result<Option<Email>, SessionError> {
    session.remove::<Email>().await
}

async fn clear(session: &Session) -> Result<(), SessionError> {
    session.end().await
}

async fn set_remembered(session: &Session, remember: bool) -> Result<(), SessionError> {
    session.remember(remember).await
}

#[derive(Default, Deserialize, Serialize)]
struct Basket {
    fruit: Fruit,
}

#[derive(Default, Deserialize, Serialize)]
struct Fruit {
    pineapples: u32,
}

impl SessionValue for Basket {
    const KEY: &'static str = "basket";
}

async fn set_pineapples(session: &Session, count: u32) -> Result<(), SessionError> {
    session.update(|basket: &mut Basket| basket.fruit.pineapples = count).await
}

#[derive(Default, Deserialize, Serialize)]
struct Cart {
    products: Vec<u32>,
}

impl SessionValue for Cart {
    const KEY: &'static str = "cart";
}

async fn add_to_cart(session: &Session, product: u32) -> Result<usize, SessionError> {
    let add = |cart: &mut Cart| {
        cart.products.push(product);
        cart.products.len()
    };
    session.update(add).await
}

fn config(keys: &str) -> Result<SessionConfig, KeyError> {
    Ok(SessionConfig {
        idle: Duration::minutes(30),
        lifetime: Duration::hours(12),
        remembered: Duration::days(31),
        ..SessionConfig::new(SigningKeys::parse(keys)?)
    })
}

async fn sessions(pool: Pool, config: SessionConfig) -> Result<Sessions, SessionError> {
    Sessions::new(pool, config).await
}

async fn request<T>(
    browser: &Browser,
    action: impl AsyncFnOnce(&Session) -> Result<T, SessionError>,
) -> (T, HeaderMap) {
    let session = browser.request();
    let done = action(&session).await.unwrap();
    (done, browser.respond(&session).await)
}

async fn visit(browser: &Browser) -> u64 {
    request(browser, count_visit).await.0
}

#[tokio::test]
async fn each_refresh_counts_a_visit() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    for number in 1..=3 {
        assert_eq!(visit(&browser).await, number);
    }
}

#[tokio::test]
async fn a_removed_counter_starts_again() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    visit(&browser).await;
    visit(&browser).await;
    request(&browser, reset_visits).await;
    assert_eq!(visit(&browser).await, 1);
    request(&browser, reset_visits).await;
    request(&browser, reset_visits).await;
}

#[tokio::test]
async fn welcomes_a_user_by_name_until_sign_out() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    assert_eq!(request(&browser, welcome).await.0, "Welcome Anonymous");
    visit(&browser).await;
    let before = browser.cookie();
    request(&browser, async |session| sign_in(session, "Admin", false).await).await;
    assert_eq!(request(&browser, welcome).await.0, "Welcome Admin");
    assert_ne!(browser.cookie(), before, "signing in replaces the id");
    assert_eq!(visit(&browser).await, 2, "and keeps the values of the guest");
    request(&browser, sign_out).await;
    assert_eq!(request(&browser, welcome).await.0, "Welcome Anonymous");
    assert_eq!(test.session_count().await, 0);
}

#[tokio::test]
async fn sets_reads_and_removes_a_value() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    assert_eq!(request(&browser, email).await.0, None);
    assert!(!request(&browser, has_email).await.0);
    request(&browser, async |session| set_email(session, "ada@example.com".into()).await).await;
    assert!(request(&browser, has_email).await.0);
    assert_eq!(request(&browser, email).await.0, Some(Email("ada@example.com".into())));
    assert_eq!(request(&browser, remove_email).await.0, Some(Email("ada@example.com".into())));
    assert_eq!(request(&browser, remove_email).await.0, None);
}

#[tokio::test]
async fn the_first_write_after_clearing_creates_a_new_session() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    visit(&browser).await;
    let before = browser.cookie();
    request(&browser, clear).await;
    assert_eq!((browser.cookie(), test.session_count().await), (None, 0));
    assert_eq!(visit(&browser).await, 1);
    assert_ne!(browser.cookie(), before);
}

#[tokio::test]
async fn only_a_permanent_session_has_a_cookie_for_31_days() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    let (_, headers) = request(&browser, count_visit).await;
    assert!(!headers[SET_COOKIE].to_str().unwrap().contains("Max-Age"));
    let (_, headers) = request(&browser, async |session| set_remembered(session, true).await).await;
    assert!(headers[SET_COOKIE].to_str().unwrap().contains("; Max-Age=2678400"));
    test.clock.advance(Duration::days(30));
    assert_eq!(visit(&browser).await, 2, "later writes keep the lifetime");
}

#[tokio::test]
async fn stores_changed_nested_values_and_skips_unchanged_ones() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    let version = || sqlx::query_scalar::<_, i64>("select version from sessions").fetch_one(&test.pool);
    let pineapples = async || browser.request().read::<Basket>().await.unwrap().unwrap().fruit.pineapples;
    for count in [10, 100] {
        request(&browser, async |session| set_pineapples(session, count).await).await;
        assert_eq!(pineapples().await, count);
    }
    let before = version().await.unwrap();
    request(&browser, async |session| set_pineapples(session, 100).await).await;
    assert_eq!(version().await.unwrap(), before);
}

#[tokio::test]
async fn sessions_survive_a_rotation_of_keys_but_not_a_replacement() {
    let test = TestSessions::new().await;
    let (old, new) = (test.keys.clone(), SigningKeys::generate());
    let served_with = async |keys: &str| {
        let config = SessionConfig { cookie_name: "id", clock: test.clock.clone(), ..config(keys).unwrap() };
        sessions(test.pool.clone(), config).await.unwrap()
    };
    let browser = test.browser();
    visit(&browser).await;
    assert_eq!(visit(&browser.connected_to_sessions(&served_with(&old).await)).await, 2);
    assert_eq!(visit(&browser.connected_to_sessions(&served_with(&format!("{new},{old}")).await)).await, 3);
    assert_eq!(
        visit(&browser.connected_to_sessions(&served_with(&new).await)).await,
        4,
        "the last request signed the cookie with the new key"
    );
    assert_eq!(
        visit(&browser.connected_to_sessions(&served_with(&old).await)).await,
        1,
        "the old key cannot verify the new signature"
    );
}

#[tokio::test]
async fn a_tampered_cookie_starts_a_new_session() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    visit(&browser).await;
    let mut cookie = browser.cookie().unwrap();
    cookie.replace_range(..1, if cookie.starts_with('A') { "B" } else { "A" });
    browser.present(&cookie);
    assert_eq!(visit(&browser).await, 1);
    assert_ne!(browser.cookie(), Some(cookie));
}

#[tokio::test]
async fn storing_100_kilobytes_does_not_grow_the_cookie() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    let (_, headers) = request(&browser, async |session| set_email(session, "a".repeat(100_000)).await).await;
    assert!(headers[SET_COOKIE].len() < 200);
    assert_eq!(request(&browser, email).await.0.unwrap().0.len(), 100_000);
}

#[tokio::test]
async fn reads_and_later_writes_set_no_cookie() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    let (_, headers) = request(&browser, welcome).await;
    assert!(!headers.contains_key(SET_COOKIE), "reading sets no cookie");
    let (_, headers) = request(&browser, count_visit).await;
    assert!(headers.contains_key(SET_COOKIE));
    let (_, headers) = request(&browser, count_visit).await;
    assert!(!headers.contains_key(SET_COOKIE));
}

#[tokio::test]
async fn each_browser_has_its_own_cart() {
    let test = TestSessions::new().await;
    let (ada, bob) = (test.browser(), test.browser());
    let add =
        async |browser: &Browser| request(browser, async |session| add_to_cart(session, 4).await).await.0;
    assert_eq!((add(&ada).await, add(&ada).await, add(&bob).await), (1, 2, 1));
}

#[tokio::test]
async fn sessions_survive_a_restart_of_the_server() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    visit(&browser).await;
    let restarted = test.second_server().await;
    assert_eq!(visit(&browser.connected_to(&restarted)).await, 2);
}

/// Security: 7.1.1
#[test]
fn the_documented_timeouts_are_the_defaults() {
    let key = SigningKeys::generate();
    let (documented, defaults) =
        (config(&key).unwrap(), SessionConfig::new(SigningKeys::parse(&key).unwrap()));
    assert_eq!(
        (documented.idle, documented.lifetime, documented.remembered),
        (defaults.idle, defaults.lifetime, defaults.remembered)
    );
}
