//! What sessions in Flask, Express and Rails do, done here: a function for each thing that one wants, and a test that shows it. The pages
//! `docs/from-*.md` quote these functions.

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

async fn forget_visits(session: &Session) -> Result<(), SessionError> {
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

async fn keep_email(session: &Session, email: String) -> Result<(), SessionError> {
    session.update(|kept: &mut Email| kept.0.clone_from(&email)).await
}

async fn email(session: &Session) -> Result<Option<Email>, SessionError> {
    session.read::<Email>().await
}

async fn has_email(session: &Session) -> Result<bool, SessionError> {
    Ok(session.read::<Email>().await?.is_some())
}

async fn take_email(session: &Session) -> Result<Option<Email>, SessionError> {
    session.remove::<Email>().await
}

async fn clear(session: &Session) -> Result<(), SessionError> {
    session.end().await
}

async fn last(session: &Session, remember: bool) -> Result<(), SessionError> {
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

/// Does something in a request of its own, and hands the response's headers back.
async fn request<T>(
    browser: &Browser,
    what: impl AsyncFnOnce(&Session) -> Result<T, SessionError>,
) -> (T, HeaderMap) {
    let session = browser.request();
    let done = what(&session).await.unwrap();
    (done, browser.respond(&session).await)
}

async fn visit(browser: &Browser) -> u64 {
    request(browser, count_visit).await.0
}

#[tokio::test]
async fn visits_count_from_one_on_each_refresh() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    for number in 1..=3 {
        assert_eq!(visit(&browser).await, number);
    }
}

#[tokio::test]
async fn a_value_that_is_popped_starts_again() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    visit(&browser).await;
    visit(&browser).await;
    request(&browser, forget_visits).await;
    assert_eq!(visit(&browser).await, 1);
    request(&browser, forget_visits).await;
    request(&browser, forget_visits).await;
}

#[tokio::test]
async fn who_signs_in_is_welcomed_by_name_until_signing_out() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    assert_eq!(request(&browser, welcome).await.0, "Welcome Anonymous");
    visit(&browser).await;
    let before = browser.cookie();
    request(&browser, async |session| sign_in(session, "Admin", false).await).await;
    assert_eq!(request(&browser, welcome).await.0, "Welcome Admin");
    assert_ne!(browser.cookie(), before, "signing in gives a new id");
    assert_eq!(visit(&browser).await, 2, "and keeps what a guest had");
    request(&browser, sign_out).await;
    assert_eq!(request(&browser, welcome).await.0, "Welcome Anonymous");
    assert_eq!(test.rows().await, 0);
}

#[tokio::test]
async fn a_value_from_a_form_is_kept_found_and_taken_out() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    assert_eq!(request(&browser, email).await.0, None);
    assert!(!request(&browser, has_email).await.0);
    request(&browser, async |session| keep_email(session, "ada@example.com".into()).await).await;
    assert!(request(&browser, has_email).await.0);
    assert_eq!(request(&browser, email).await.0, Some(Email("ada@example.com".into())));
    assert_eq!(request(&browser, take_email).await.0, Some(Email("ada@example.com".into())));
    assert_eq!(request(&browser, take_email).await.0, None);
}

#[tokio::test]
async fn after_clearing_the_next_write_is_a_new_session_with_a_new_id() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    visit(&browser).await;
    let before = browser.cookie();
    request(&browser, clear).await;
    assert_eq!((browser.cookie(), test.rows().await), (None, 0));
    assert_eq!(visit(&browser).await, 1);
    assert_ne!(browser.cookie(), before);
}

#[tokio::test]
async fn a_permanent_session_has_a_cookie_for_31_days_and_another_one_ends_with_the_browser() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    let (_, headers) = request(&browser, count_visit).await;
    assert!(!headers[SET_COOKIE].to_str().unwrap().contains("Max-Age"));
    let (_, headers) = request(&browser, async |session| last(session, true).await).await;
    assert!(headers[SET_COOKIE].to_str().unwrap().contains("; Max-Age=2678400"));
    test.clock.advance(Duration::days(30));
    assert_eq!(visit(&browser).await, 2, "later writes do not shorten it");
}

#[tokio::test]
async fn a_nested_value_that_changes_is_saved_and_one_that_stays_is_not() {
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
async fn the_same_key_keeps_sessions_another_one_ends_them_and_a_ring_keeps_them() {
    let test = TestSessions::new().await;
    let (old, new) = (test.keys.clone(), SigningKeys::generate());
    let served_with = async |keys: &str| {
        let config = SessionConfig { cookie_name: "id", clock: test.clock.clone(), ..config(keys).unwrap() };
        sessions(test.pool.clone(), config).await.unwrap()
    };
    let browser = test.browser();
    visit(&browser).await;
    assert_eq!(visit(&browser.talking_to_sessions(&served_with(&old).await)).await, 2);
    assert_eq!(visit(&browser.talking_to_sessions(&served_with(&format!("{new},{old}")).await)).await, 3);
    assert_eq!(
        visit(&browser.talking_to_sessions(&served_with(&new).await)).await,
        4,
        "signed anew on the way"
    );
    assert_eq!(
        visit(&browser.talking_to_sessions(&served_with(&old).await)).await,
        1,
        "the old key is not enough"
    );
}

#[tokio::test]
async fn a_cookie_that_was_tampered_with_is_dropped_and_a_new_session_begins() {
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
async fn a_hundred_kilobytes_leave_the_cookie_as_small_as_it_was() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    let (_, headers) =
        request(&browser, async |session| keep_email(session, "a".repeat(100_000)).await).await;
    assert!(headers[SET_COOKIE].len() < 200);
    assert_eq!(request(&browser, email).await.0.unwrap().0.len(), 100_000);
}

#[tokio::test]
async fn a_cookie_is_sent_when_the_session_begins_and_not_for_reading_or_writing_later() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    let (_, headers) = request(&browser, welcome).await;
    assert!(!headers.contains_key(SET_COOKIE), "who only reads gets none");
    let (_, headers) = request(&browser, count_visit).await;
    assert!(headers.contains_key(SET_COOKIE));
    let (_, headers) = request(&browser, count_visit).await;
    assert!(!headers.contains_key(SET_COOKIE));
}

#[tokio::test]
async fn each_browser_has_a_cart_of_its_own() {
    let test = TestSessions::new().await;
    let (ada, bob) = (test.browser(), test.browser());
    let add =
        async |browser: &Browser| request(browser, async |session| add_to_cart(session, 4).await).await.0;
    assert_eq!((add(&ada).await, add(&ada).await, add(&bob).await), (1, 2, 1));
}

#[tokio::test]
async fn sessions_are_still_there_after_a_restart_of_the_server() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    visit(&browser).await;
    let restarted = test.elsewhere().await;
    assert_eq!(visit(&browser.talking_to(&restarted)).await, 2);
}

/// Security: 7.1.1
#[test]
fn the_usual_limits_are_the_ones_that_are_written_down() {
    let key = SigningKeys::generate();
    let (ours, usual) = (config(&key).unwrap(), SessionConfig::new(SigningKeys::parse(&key).unwrap()));
    assert_eq!((ours.idle, ours.lifetime, ours.remembered), (usual.idle, usual.lifetime, usual.remembered));
}
