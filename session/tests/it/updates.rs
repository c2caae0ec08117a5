//! Guarantees 1 (no update is lost) and 10 (values that do not decode, and migrations).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use session::SessionValue;
use tokio::task::JoinSet;

use crate::harness::{Count, Name, TestSessions, increment};

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_to_one_server_lose_no_update() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let mut requests = JoinSet::new();
    for _ in 0..200 {
        let browser = browser.clone();
        requests.spawn(async move { browser.count().await.unwrap() });
    }
    let mut numbers = requests.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, (2..=201).collect::<Vec<_>>(), "each update saw the newest value");
    assert_eq!(browser.read_count().await, Some(201));
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_to_two_servers_lose_no_update() {
    let test = TestSessions::without_cache().await;
    let other = test.second_server().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let mut requests = JoinSet::new();
    for number in 0..200 {
        let browser = if number % 2 == 0 { browser.clone() } else { browser.connected_to(&other) };
        requests.spawn(async move { browser.count().await.unwrap() });
    }
    let mut numbers = requests.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, (2..=201).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_updates_of_different_keys_are_both_kept() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    // Both requests read the session before one of them writes.
    let (one, two) = (browser.request(), browser.request());
    one.read::<Count>().await.unwrap();
    two.read::<Count>().await.unwrap();
    one.update(|name: &mut Name| name.0 = "Ada".into()).await.unwrap();
    two.update(increment).await.unwrap();
    let session = browser.request();
    assert_eq!(session.read::<Name>().await.unwrap(), Some(Name("Ada".into())));
    assert_eq!(session.read::<Count>().await.unwrap(), Some(Count(2)));
}

#[tokio::test]
async fn a_request_reads_its_own_updates() {
    let test = TestSessions::new().await;
    let session = test.browser().request();
    assert_eq!(session.read::<Count>().await.unwrap(), None);
    session.update(increment).await.unwrap();
    session.clone().update(increment).await.unwrap();
    assert_eq!(session.read::<Count>().await.unwrap(), Some(Count(2)));
    assert_eq!(session.remove::<Count>().await.unwrap(), Some(Count(2)));
    assert_eq!(session.read::<Count>().await.unwrap(), None);
}

#[tokio::test]
async fn a_removal_returns_the_newest_value() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.request().read::<Name>().await.unwrap();
    browser.count().await.unwrap();
    // This request reads the session before the name is set.
    let early = browser.request();
    early.read::<Count>().await.unwrap();
    browser.request().update(|name: &mut Name| name.0 = "Ada".into()).await.unwrap();
    assert_eq!(early.remove::<Name>().await.unwrap(), Some(Name("Ada".into())));
    assert_eq!(browser.request().read::<Name>().await.unwrap(), None);
}

#[tokio::test]
async fn an_unchanged_value_is_not_written() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.request().update(|_: &mut Count| {}).await.unwrap();
    assert_eq!(test.session_count().await, 0, "an unchanged default creates no session");
    browser.count().await.unwrap();
    let version = || sqlx::query_scalar::<_, i64>("select version from sessions").fetch_one(&test.pool);
    let before = version().await.unwrap();
    let session = browser.request();
    session.update(|count: &mut Count| count.0 = 1).await.unwrap();
    session.remove::<Name>().await.unwrap();
    assert_eq!(version().await.unwrap(), before);
}

/// The format of an older app, under the key of the counter.
#[derive(Default, Deserialize, Serialize)]
struct Words(String);

impl SessionValue for Words {
    const KEY: &'static str = "count";
}

/// The format of a newer app.
#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
struct Counts {
    pages: u64,
}

impl SessionValue for Counts {
    const KEY: &'static str = "count";
    const VERSION: u16 = 2;

    fn migrate(version: u16, stored: Value) -> Option<Self> {
        (version == 1).then(|| Some(Self { pages: stored.as_u64()? })).flatten()
    }
}

#[tokio::test]
async fn a_value_that_does_not_decode_is_dropped_without_the_others() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    let session = browser.request();
    session.update(|words: &mut Words| words.0 = "not a number".into()).await.unwrap();
    session.update(|name: &mut Name| name.0 = "Ada".into()).await.unwrap();
    browser.respond(&session).await;
    assert_eq!(browser.read_count().await, None);
    assert_eq!(browser.count().await.unwrap(), 1);
    assert_eq!(browser.request().read::<Name>().await.unwrap(), Some(Name("Ada".into())));
}

#[tokio::test]
async fn an_older_version_is_migrated_and_stored_by_the_next_update() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    assert_eq!(browser.request().read::<Counts>().await.unwrap(), Some(Counts { pages: 1 }));
    browser.request().update(|counts: &mut Counts| counts.pages += 1).await.unwrap();
    let data: String = sqlx::query_scalar("select data from sessions").fetch_one(&test.pool).await.unwrap();
    assert_eq!(data, r#"{"count":{"v":2,"d":{"pages":2}}}"#);
}

#[tokio::test]
async fn a_damaged_row_is_read_as_an_empty_session() {
    let test = TestSessions::without_cache().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    sqlx::query("update sessions set data = '{broken'").execute(&test.pool).await.unwrap();
    assert_eq!(browser.read_count().await, None);
    assert_eq!(browser.count().await.unwrap(), 1);
}
