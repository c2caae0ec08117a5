//! What a page can show about a session, its events, and its maximum size.

use std::sync::{Arc, Mutex};

use session::{CookieReason, Observer, SessionConfig, SessionError, SessionEvent, Sessions, SigningKeys};
use time::Duration;

use crate::harness::{Browser, Count, NOON, Name, TestSessions, increment};

const KB: usize = 1_000;

fn set_to(name: &str) -> impl FnMut(&mut Name) + Send {
    move |value| value.0 = name.to_owned()
}

async fn set(browser: &Browser, name: &str) -> Result<(), SessionError> {
    let session = browser.request();
    let done = session.update(set_to(name)).await;
    browser.respond(&session).await;
    done
}

/// Security: 3.3.4
#[tokio::test]
async fn shows_everything_that_is_stored_except_the_id() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    assert!(browser.request().inspect().await.unwrap().is_none());
    browser.count().await.unwrap();
    test.clock.advance(Duration::minutes(5));
    set(&browser, "Ada").await.unwrap();
    let seen = browser.request().inspect().await.unwrap().unwrap();
    let values: Vec<_> = seen.values().map(|value| (value.key, value.json)).collect();
    assert_eq!(values, [("count", "1"), ("name", "\"Ada\"")]);
    assert_eq!((seen.read(), seen.read()), (Some(Count(1)), Some(Name("Ada".into()))));
    assert_eq!((seen.began_at, seen.used_at, seen.writes), (NOON, NOON + 300, 2));
    assert_eq!((seen.expires_at, seen.ends_at), (NOON + 300 + 1_800, NOON + 12 * 3_600));
    assert_eq!(
        (seen.owned, seen.remembered, seen.cookie.max_age, seen.cookie.secure),
        (false, false, None, false)
    );
    let stored: String = sqlx::query_scalar("select data from sessions").fetch_one(&test.pool).await.unwrap();
    assert_eq!(seen.bytes, stored.len());

    let session = browser.request();
    session.remember(true).await.unwrap();
    let remembered = session.inspect().await.unwrap().unwrap();
    assert_eq!((seen.cookie.sent, remembered.cookie.sent), (None, Some(CookieReason::NewAge)));
    assert_eq!(remembered.cookie.max_age, Some(Duration::days(31) - Duration::minutes(5)));

    let cookie = browser.cookie().unwrap();
    assert_eq!(seen.cookie.bytes, "id=".len() + cookie.len());
    let id = &cookie[44..];
    let shown: String = seen.masked_id.chars().filter(|char| *char != '\u{2022}').collect();
    assert!(id.starts_with(&shown) && shown.len() == 4, "{}", seen.masked_id);
    assert!(!format!("{seen:?} {:?}", seen.values().collect::<Vec<_>>()).contains("Ada"));
}

#[tokio::test]
async fn the_cookie_of_a_large_session_stays_small() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    set(&browser, &"a".repeat(100 * KB)).await.unwrap();
    assert!("id=".len() + browser.cookie().unwrap().len() < 200);
    let name = browser.request().read::<Name>().await.unwrap().unwrap();
    assert_eq!(name.0.len(), 100 * KB);
}

#[tokio::test]
async fn rejects_a_write_that_exceeds_the_maximum_size() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    let first = set(&browser, &"a".repeat(1_100 * KB)).await;
    assert!(matches!(first, Err(SessionError::TooLarge { key: "name", most: 1_048_576 })), "{first:?}");
    assert_eq!((browser.cookie(), test.session_count().await), (None, 0));

    set(&browser, &"b".repeat(900 * KB)).await.unwrap();
    assert!(matches!(set(&browser, &"c".repeat(1_100 * KB)).await, Err(SessionError::TooLarge { .. })));
    let session = browser.request();
    let mut transaction = test.sessions.database().begin().await.unwrap();
    let within = session.update_within(&mut transaction, set_to(&"d".repeat(1_100 * KB))).await;
    assert!(matches!(within, Err(SessionError::TooLarge { .. })));
    drop(transaction);
    let name = browser.request().read::<Name>().await.unwrap().unwrap();
    assert!(name.0 == "b".repeat(900 * KB));
}

#[tokio::test]
async fn values_can_be_removed_from_a_session_over_the_maximum_size() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    set(&browser, &"a".repeat(100 * KB)).await.unwrap();
    let smaller = SessionConfig {
        cookie_name: "id",
        most_bytes: 10 * KB,
        clock: test.clock.clone(),
        ..SessionConfig::new(SigningKeys::parse(&test.keys).unwrap())
    };
    let browser = browser.connected_to_sessions(&Sessions::new(test.pool.clone(), smaller).await.unwrap());
    assert!(matches!(browser.count().await, Err(SessionError::TooLarge { .. })));
    browser.request().remove::<Count>().await.unwrap();
    browser.request().remove::<Name>().await.unwrap();
    assert_eq!(browser.count().await.unwrap(), 1);
}

async fn observed(test: &TestSessions, keys: &[&str]) -> (Sessions, Arc<Mutex<Vec<(String, SessionEvent)>>>) {
    let recorded = Arc::<Mutex<Vec<_>>>::default();
    let sink = recorded.clone();
    let config = SessionConfig {
        cookie_name: "id",
        secure: false,
        clock: test.clock.clone(),
        observer: Observer::new(move |handle, event| sink.lock().unwrap().push((handle.to_owned(), event))),
        ..SessionConfig::new(SigningKeys::parse(&keys.join(",")).unwrap())
    };
    (Sessions::new(test.pool.clone(), config).await.unwrap(), recorded)
}

#[tokio::test]
async fn an_observer_receives_events_and_the_reasons_for_cookies() {
    use CookieReason::{NewAge, NewId, NewKey, NewSession};
    use SessionEvent::{
        Began, CookieKept, CookieSent, Ended, Remembered, Removed, Renewed, Restarted, Set, Used,
    };

    let test = TestSessions::new().await;
    let (sessions, recorded) = observed(&test, &[&test.keys]).await;
    let browser = test.browser().connected_to_sessions(&sessions);
    let recorded = || std::mem::take(&mut *recorded.lock().unwrap());
    let events = || recorded().into_iter().map(|(_, event)| event).collect::<Vec<_>>();

    assert_eq!(browser.read_count().await, None);
    assert_eq!(events(), [], "reading creates no session");

    browser.count().await.unwrap();
    let first = recorded();
    let handle = browser.request().handle().await.unwrap().unwrap();
    assert!(first.iter().all(|(recorded, _)| *recorded == handle));
    let first: Vec<_> = first.into_iter().map(|(_, event)| event).collect();
    assert_eq!(first, [Began, Set { key: "count" }, CookieSent(NewSession)]);

    browser.count().await.unwrap();
    assert_eq!(events(), [Set { key: "count" }, CookieKept]);

    let session = browser.request();
    // An unchanged value is not an event.
    session.update(|_: &mut Count| ()).await.unwrap();
    browser.respond(&session).await;
    assert_eq!(events(), [CookieKept]);

    test.clock.advance(Duration::minutes(2));
    browser.read_count().await;
    assert_eq!(events(), [Used, CookieKept]);

    let session = browser.request();
    session.renew().await.unwrap();
    browser.respond(&session).await;
    assert_eq!(events(), [Renewed, CookieSent(NewId)]);

    let session = browser.request();
    session.remember(true).await.unwrap();
    browser.respond(&session).await;
    assert_eq!(events(), [Remembered { remember: true }, CookieSent(NewAge)]);

    let (rotated, recorded_rotated) = observed(&test, &[&SigningKeys::generate(), &test.keys]).await;
    browser.connected_to_sessions(&rotated).read_count().await;
    assert_eq!(recorded_rotated.lock().unwrap().pop().unwrap().1, CookieSent(NewKey));
    browser.connected_to_sessions(&rotated).read_count().await;
    assert_eq!(recorded_rotated.lock().unwrap().pop().unwrap().1, CookieKept);
    let browser = browser.connected_to_sessions(&rotated);
    let events = || {
        let recorded = std::mem::take(&mut *recorded_rotated.lock().unwrap());
        recorded.into_iter().map(|(_, event)| event).collect::<Vec<_>>()
    };

    let session = browser.request();
    session.remove::<Count>().await.unwrap();
    session.restart("ada", false).await.unwrap();
    session.update(increment).await.unwrap();
    browser.respond(&session).await;
    assert_eq!(events(), [Removed { key: "count" }, Restarted, Set { key: "count" }, CookieSent(NewId)]);

    browser.end().await;
    assert_eq!(events(), [Ended], "no cookie event after the session has ended");
}
