//! Guarantee 6: the idle timeout, the absolute timeout and "remember me".

use axum::http::header::SET_COOKIE;
use session::SessionError;
use time::Duration;

use crate::harness::{Browser, TestSessions, increment};

const DAY: i64 = 86_400;

async fn max_age(browser: &Browser, change: impl AsyncFn(&session::Session)) -> Option<i64> {
    let session = browser.request();
    change(&session).await;
    let headers = browser.respond(&session).await;
    let cookie = headers[SET_COOKIE].to_str().unwrap();
    let max_age = cookie.split("Max-Age=").nth(1)?;
    Some(max_age.split(';').next()?.parse().unwrap())
}

/// Security: 7.3.1
#[tokio::test]
async fn a_session_expires_after_the_idle_timeout() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    test.clock.advance(Duration::minutes(30) - Duration::SECOND);
    assert_eq!(browser.read_count().await, Some(1));
    test.clock.advance(Duration::minutes(30));
    let cookie = browser.cookie().unwrap();
    assert_eq!(browser.read_count().await, None);
    assert_eq!(browser.cookie(), None, "the cookie of an expired session is removed");
    browser.present(&cookie);
    assert!(matches!(browser.count().await, Err(SessionError::Ended)));
}

/// Security: 7.4.1
#[tokio::test]
async fn rejects_a_write_in_a_request_longer_than_the_idle_timeout() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let session = browser.request();
    session.update(increment).await.unwrap();
    test.clock.advance(Duration::hours(1));
    assert!(matches!(session.update(increment).await, Err(SessionError::Ended)));
}

#[tokio::test]
async fn reads_keep_a_session_alive_with_one_write_per_minute() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let used_at = || sqlx::query_scalar::<_, i64>("select used_at from sessions").fetch_one(&test.pool);
    let mut writes = 0;
    let mut before = used_at().await.unwrap();
    for _ in 0..240 {
        test.clock.advance(Duration::seconds(15));
        assert_eq!(browser.read_count().await, Some(1));
        let now = used_at().await.unwrap();
        writes += i32::from(now != before);
        before = now;
    }
    assert_eq!(writes, 60, "in an hour of reading every 15 seconds");
}

/// Security: 7.3.2
#[tokio::test]
async fn an_active_session_expires_after_the_absolute_timeout() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    for _ in 0..(12 * 4 - 1) {
        test.clock.advance(Duration::minutes(15));
        browser.count().await.unwrap();
    }
    let session = browser.request();
    session.renew().await.unwrap();
    browser.respond(&session).await;
    test.clock.advance(Duration::minutes(15));
    assert_eq!(browser.read_count().await, None, "a new id does not extend the lifetime");
}

#[tokio::test]
async fn signing_in_restarts_the_absolute_timeout() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    for _ in 0..(11 * 4) {
        test.clock.advance(Duration::minutes(15));
        browser.read_count().await;
    }
    let session = browser.request();
    session.restart("ada", false).await.unwrap();
    browser.respond(&session).await;
    for _ in 0..(11 * 4) {
        test.clock.advance(Duration::minutes(15));
        assert_eq!(browser.read_count().await, Some(1));
    }
}

#[tokio::test]
async fn the_usual_cookie_has_no_max_age() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    assert_eq!(max_age(&browser, async |session| drop(session.update(increment).await)).await, None);
}

/// Security: 7.3.2
#[tokio::test]
async fn remember_me_survives_later_writes_and_days_without_use() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let age = max_age(&browser, async |session| session.restart("ada", true).await.unwrap()).await;
    assert_eq!(age, Some(31 * DAY));
    test.clock.advance(Duration::days(10));
    assert_eq!(browser.count().await.unwrap(), 2);
    test.clock.advance(Duration::days(20));
    assert_eq!(browser.count().await.unwrap(), 3);
    let age = max_age(&browser, async |session| session.renew().await.unwrap()).await;
    assert_eq!(age, Some(DAY), "the cookie lasts as long as the session");
    test.clock.advance(Duration::days(1));
    assert_eq!(browser.read_count().await, None);
}

#[tokio::test]
async fn remember_me_can_be_set_before_the_session_exists_and_turned_off_later() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    let session = browser.request();
    session.remember(true).await.unwrap();
    assert_eq!(test.session_count().await, 0);
    session.update(increment).await.unwrap();
    browser.respond(&session).await;
    test.clock.advance(Duration::hours(3));
    assert_eq!(browser.read_count().await, Some(1));
    let age = max_age(&browser, async |session| session.remember(false).await.unwrap()).await;
    assert_eq!(age, None);
}

#[tokio::test]
async fn a_clock_that_moves_back_ends_no_session() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    test.clock.advance(Duration::hours(-2));
    assert_eq!(browser.count().await.unwrap(), 2);
}

/// Security: 7.3.2
#[tokio::test]
async fn turning_remember_me_off_after_the_usual_lifetime_leaves_one_idle_timeout() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    max_age(&browser, async |session| session.restart("ada", true).await.unwrap()).await;
    test.clock.advance(Duration::days(2));
    assert_eq!(max_age(&browser, async |session| session.remember(false).await.unwrap()).await, None);
    test.clock.advance(Duration::minutes(29));
    assert_eq!(browser.read_count().await, Some(1));
    test.clock.advance(Duration::minutes(1));
    assert_eq!(browser.read_count().await, None, "although it was in use");
}

/// Security: 7.3.2
#[tokio::test]
async fn toggling_remember_me_does_not_extend_the_absolute_timeout() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    for _ in 0..(11 * 4) {
        test.clock.advance(Duration::minutes(15));
        max_age(&browser, async |session| session.remember(true).await.unwrap()).await;
        max_age(&browser, async |session| session.remember(false).await.unwrap()).await;
    }
    let lifetime = browser.request().lifetime().await.unwrap().unwrap();
    assert_eq!(lifetime.at_most, Duration::hours(1), "twelve hours after it was created");
}

#[tokio::test]
async fn the_lifetime_counts_from_sign_in() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    for _ in 0..(11 * 4) {
        test.clock.advance(Duration::minutes(15));
        browser.read_count().await;
    }
    max_age(&browser, async |session| session.restart("ada", false).await.unwrap()).await;
    test.clock.advance(Duration::minutes(15));
    let age = max_age(&browser, async |session| session.remember(true).await.unwrap()).await;
    assert_eq!(age, Some(31 * DAY - 15 * 60));
}
