//! What a page can show of a session: what lies in the store, what happens to it, and that it cannot grow without end.

use std::sync::{Arc, Mutex};

use session::{CookieReason, Observer, SessionConfig, SessionError, SessionEvent, Sessions, SigningKeys};
use time::Duration;

use crate::harness::{Browser, Count, NOON, Name, TestSessions, increment};

const KB: usize = 1_000;

fn called(name: &str) -> impl FnMut(&mut Name) + Send {
    move |kept| kept.0 = name.to_owned()
}

async fn set(browser: &Browser, name: &str) -> Result<(), SessionError> {
    let session = browser.request();
    let done = session.update(called(name)).await;
    browser.respond(&session).await;
    done
}

/// Security: 3.3.4
#[tokio::test]
async fn all_that_is_kept_is_shown_but_the_id() {
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
async fn a_session_holds_much_while_its_cookie_stays_small() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    set(&browser, &"a".repeat(100 * KB)).await.unwrap();
    assert!("id=".len() + browser.cookie().unwrap().len() < 200);
    let name = browser.request().read::<Name>().await.unwrap().unwrap();
    assert_eq!(name.0.len(), 100 * KB);
}

#[tokio::test]
async fn what_would_make_a_session_too_large_is_refused_and_changes_nothing() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    let first = set(&browser, &"a".repeat(1_100 * KB)).await;
    assert!(matches!(first, Err(SessionError::TooLarge { key: "name", most: 1_048_576 })), "{first:?}");
    assert_eq!((browser.cookie(), test.rows().await), (None, 0));

    set(&browser, &"b".repeat(900 * KB)).await.unwrap();
    assert!(matches!(set(&browser, &"c".repeat(1_100 * KB)).await, Err(SessionError::TooLarge { .. })));
    let session = browser.request();
    let mut transaction = test.sessions.database().begin().await.unwrap();
    let within = session.update_within(&mut transaction, called(&"d".repeat(1_100 * KB))).await;
    assert!(matches!(within, Err(SessionError::TooLarge { .. })));
    drop(transaction);
    let name = browser.request().read::<Name>().await.unwrap().unwrap();
    assert!(name.0 == "b".repeat(900 * KB));
}

#[tokio::test]
async fn from_a_session_that_is_too_large_already_something_can_be_taken() {
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
    let browser = browser.talking_to_sessions(&Sessions::new(test.pool.clone(), smaller).await.unwrap());
    assert!(matches!(browser.count().await, Err(SessionError::TooLarge { .. })));
    browser.request().remove::<Count>().await.unwrap();
    browser.request().remove::<Name>().await.unwrap();
    assert_eq!(browser.count().await.unwrap(), 1);
}

/// Sessions that note what they are told.
async fn observed(test: &TestSessions, keys: &[&str]) -> (Sessions, Arc<Mutex<Vec<(String, SessionEvent)>>>) {
    let told = Arc::<Mutex<Vec<_>>>::default();
    let note = told.clone();
    let config = SessionConfig {
        cookie_name: "id",
        secure: false,
        clock: test.clock.clone(),
        observer: Observer::new(move |handle, event| note.lock().unwrap().push((handle.to_owned(), event))),
        ..SessionConfig::new(SigningKeys::parse(&keys.join(",")).unwrap())
    };
    (Sessions::new(test.pool.clone(), config).await.unwrap(), told)
}

#[tokio::test]
async fn an_observer_is_told_what_happens_and_why_a_cookie_was_sent() {
    use CookieReason::{NewAge, NewId, NewKey, NewSession};
    use SessionEvent::{
        Began, CookieKept, CookieSent, Ended, Remembered, Removed, Renewed, Restarted, Set, Used,
    };

    let test = TestSessions::new().await;
    let (sessions, told) = observed(&test, &[&test.keys]).await;
    let browser = test.browser().talking_to_sessions(&sessions);
    let told = || std::mem::take(&mut *told.lock().unwrap());
    let events = || told().into_iter().map(|(_, event)| event).collect::<Vec<_>>();

    assert_eq!(browser.counted().await, None);
    assert_eq!(events(), [], "who only reads has no session");

    browser.count().await.unwrap();
    let first = told();
    let handle = browser.request().handle().await.unwrap().unwrap();
    assert!(first.iter().all(|(told, _)| *told == handle));
    let first: Vec<_> = first.into_iter().map(|(_, event)| event).collect();
    assert_eq!(first, [Began, Set { key: "count" }, CookieSent(NewSession)]);

    browser.count().await.unwrap();
    assert_eq!(events(), [Set { key: "count" }, CookieKept]);

    // What stays as it was is no change.
    let session = browser.request();
    session.update(|_: &mut Count| ()).await.unwrap();
    browser.respond(&session).await;
    assert_eq!(events(), [CookieKept]);

    test.clock.advance(Duration::minutes(2));
    browser.counted().await;
    assert_eq!(events(), [Used, CookieKept]);

    let session = browser.request();
    session.renew().await.unwrap();
    browser.respond(&session).await;
    assert_eq!(events(), [Renewed, CookieSent(NewId)]);

    let session = browser.request();
    session.remember(true).await.unwrap();
    browser.respond(&session).await;
    assert_eq!(events(), [Remembered { remember: true }, CookieSent(NewAge)]);

    let (rotated, told_rotated) = observed(&test, &[&SigningKeys::generate(), &test.keys]).await;
    browser.talking_to_sessions(&rotated).counted().await;
    assert_eq!(told_rotated.lock().unwrap().pop().unwrap().1, CookieSent(NewKey));
    browser.talking_to_sessions(&rotated).counted().await;
    assert_eq!(told_rotated.lock().unwrap().pop().unwrap().1, CookieKept);
    let browser = browser.talking_to_sessions(&rotated);
    let events = || {
        let told = std::mem::take(&mut *told_rotated.lock().unwrap());
        told.into_iter().map(|(_, event)| event).collect::<Vec<_>>()
    };

    let session = browser.request();
    session.remove::<Count>().await.unwrap();
    session.restart("ada", false).await.unwrap();
    session.update(increment).await.unwrap();
    browser.respond(&session).await;
    assert_eq!(events(), [Removed { key: "count" }, Restarted, Set { key: "count" }, CookieSent(NewId)]);

    browser.end().await;
    assert_eq!(events(), [Ended], "a cookie that is removed is no longer the session's");
}
