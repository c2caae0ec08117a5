//! The sessions of a user: listing, ending, and the limit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use session::{OwnedSession, SessionConfig, SessionError, SessionValue, Sessions, SigningKeys};
use time::Duration;

use crate::harness::{Browser, Count, Name, TestSessions, increment};

async fn sign_in(browser: &Browser, owner: &str) -> String {
    let session = browser.request();
    session.restart(owner, false).await.unwrap();
    let handle = session.handle().await.unwrap().unwrap();
    browser.respond(&session).await;
    handle
}

async fn owner(browser: &Browser) -> Option<String> {
    browser.request().owner().await.unwrap()
}

#[tokio::test]
async fn lists_the_active_sessions_of_a_user_most_recently_used_first() {
    let test = TestSessions::new().await;
    let (laptop, phone, guest, other) = (test.browser(), test.browser(), test.browser(), test.browser());
    let old = sign_in(&test.browser(), "ada").await;
    test.clock.advance(Duration::minutes(20));
    let first = sign_in(&laptop, "ada").await;
    test.clock.advance(Duration::minutes(5));
    let second = sign_in(&phone, "ada").await;
    guest.count().await.unwrap();
    sign_in(&other, "mallory").await;
    let handles = async || -> Vec<String> {
        test.sessions.list_owned("ada", |session| session.handle().to_owned()).await.unwrap()
    };
    assert_eq!(handles().await, [second.clone(), first.clone(), old]);
    test.clock.advance(Duration::minutes(10));
    laptop.count().await.unwrap();
    assert_eq!(handles().await, [first, second], "the first one has expired");
    let counts = test.sessions.list_owned("ada", OwnedSession::read::<Count>).await.unwrap();
    assert_eq!(counts, [Some(Count(1)), None]);
}

/// Security: hashed at rest
#[tokio::test]
async fn a_handle_survives_changes_of_the_id_and_is_not_an_id() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    let handle = sign_in(&browser, "ada").await;
    let session = browser.request();
    session.renew().await.unwrap();
    browser.respond(&session).await;
    assert_eq!(sign_in(&browser, "ada").await, handle);
    assert!(!browser.cookie().unwrap().contains(&handle));
}

#[tokio::test]
async fn ending_a_users_sessions_affects_no_others() {
    let test = TestSessions::new().await;
    let (laptop, phone, other) = (test.browser(), test.browser(), test.browser());
    let here = sign_in(&laptop, "ada").await;
    let there = sign_in(&phone, "ada").await;
    let elsewhere = sign_in(&other, "mallory").await;
    phone.count().await.unwrap();
    assert!(test.end_one("ada", &elsewhere).await.is_none(), "another user's session");
    let ended = test.end_one("ada", &there).await.unwrap();
    assert_eq!(ended, Some(Count(1)), "the ended session is passed to the closure");
    assert_eq!((owner(&laptop).await.as_deref(), owner(&phone).await), (Some("ada"), None));
    sign_in(&phone, "ada").await;
    test.end_others("ada", &here).await;
    assert_eq!((owner(&laptop).await.as_deref(), owner(&phone).await), (Some("ada"), None));
    test.end_owned("ada").await;
    assert_eq!((owner(&laptop).await, owner(&other).await.as_deref()), (None, Some("mallory")));
    assert_eq!(test.sessions.end_all().await.unwrap(), 1);
}

#[tokio::test]
async fn rejects_requests_in_flight_in_an_ended_session() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    sign_in(&browser, "ada").await;
    let session = browser.request();
    session.read::<Count>().await.unwrap();
    test.end_owned("ada").await;
    assert!(matches!(session.update(increment).await, Err(SessionError::Ended)));
    assert!(matches!(session.renew().await, Err(SessionError::Ended)));
    browser.respond(&session).await;
    assert_eq!((browser.cookie(), test.session_count().await), (None, 0));
}

/// Security: 2.3.3, 15.4.2
#[tokio::test]
async fn a_rolled_back_transaction_ends_no_session() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    sign_in(&browser, "ada").await;
    let mut transaction = test.sessions.database().begin().await.unwrap();
    assert_eq!(test.sessions.end_owned(&mut transaction, "ada", |_| ()).await.unwrap().len(), 1);
    drop(transaction);
    assert_eq!(owner(&browser).await.as_deref(), Some("ada"));
}

#[tokio::test]
async fn a_new_user_gets_no_values_of_the_previous_user() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    sign_in(&browser, "ada").await;
    assert_eq!(browser.read_count().await, Some(1), "the guest's values are kept");
    let session = browser.request();
    session.update(|name: &mut Name| name.0 = "Ada".into()).await.unwrap();
    browser.respond(&session).await;
    let before = browser.cookie().unwrap();
    sign_in(&browser, "mallory").await;
    assert_eq!((browser.read_count().await, owner(&browser).await.as_deref()), (None, Some("mallory")));
    browser.present(&before);
    assert_eq!(owner(&browser).await, None, "the previous user's session has ended");
}

/// Security: 7.1.2
#[tokio::test]
async fn signing_in_beyond_the_limit_ends_the_least_recently_used_session() {
    let test = TestSessions::new().await;
    let config = SessionConfig {
        cookie_name: "id",
        secure: false,
        clock: test.clock.clone(),
        most_per_owner: 2,
        ..SessionConfig::new(SigningKeys::parse(&test.keys).unwrap())
    };
    let limited = Sessions::new(test.pool.clone(), config).await.unwrap();
    let browsers = [(); 3].map(|()| test.browser().connected_to_sessions(&limited));
    let mut handles = Vec::new();
    for browser in &browsers {
        handles.push(sign_in(browser, "ada").await);
        test.clock.advance(Duration::minutes(1));
    }
    let owners = [owner(&browsers[0]).await, owner(&browsers[1]).await, owner(&browsers[2]).await];
    assert_eq!(owners.map(|owner| owner.is_some()), [false, true, true]);
    test.clock.advance(Duration::minutes(1));
    owner(&browsers[2]).await;
    let session = browsers[0].request();
    let mut transaction = limited.database().begin().await.unwrap();
    let handle = |ended: &OwnedSession| ended.handle().to_owned();
    let ended = session.restart_within(&mut transaction, "ada", false, handle).await.unwrap();
    assert_eq!(ended, [handles[1].clone()], "it is passed to the closure");
    drop(transaction);
    let owners = [owner(&browsers[0]).await, owner(&browsers[1]).await, owner(&browsers[2]).await];
    assert_eq!(owners.map(|owner| owner.is_some()), [false, true, true], "the rollback undoes it");
}

#[derive(Default, Deserialize, Serialize)]
struct Many(Vec<BTreeMap<String, u8>>);

impl SessionValue for Many {
    const KEY: &'static str = "many";
}

#[tokio::test]
async fn listing_sessions_decodes_only_the_requested_value() {
    let test = TestSessions::new().await;
    for number in 0..3 {
        let browser = test.browser();
        sign_in(&browser, "ada").await;
        let session = browser.request();
        session
            .update(|many: &mut Many| many.0 = vec![BTreeMap::from([(String::new(), 0)]); 100])
            .await
            .unwrap();
        session.update(|name: &mut Name| name.0 = format!("device {number}")).await.unwrap();
    }
    // `1e999` is too large for a number, so parsing the other value would fail.
    sqlx::query("update sessions set data = replace(data, '{\"\":0}', '1e999')")
        .execute(&test.pool)
        .await
        .unwrap();
    let mut names = test.sessions.list_owned("ada", OwnedSession::read::<Name>).await.unwrap();
    names.sort_by_key(|name| name.clone().map(|name| name.0));
    assert_eq!(names, [0, 1, 2].map(|number| Some(Name(format!("device {number}")))));
}

#[tokio::test]
async fn reports_the_remaining_lifetime() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    assert_eq!(browser.request().lifetime().await.unwrap(), None);
    sign_in(&browser, "ada").await;
    test.clock.advance(Duration::seconds(50));
    let lifetime = browser.request().lifetime().await.unwrap().unwrap();
    assert_eq!(
        (lifetime.unused, lifetime.at_most, lifetime.idle),
        (
            Duration::minutes(30) - Duration::seconds(50),
            Duration::hours(12) - Duration::seconds(50),
            Duration::minutes(30)
        )
    );
}

/// Security: 7.3.1
#[tokio::test]
async fn reading_quietly_does_not_keep_a_session_alive() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    sign_in(&browser, "ada").await;
    let remaining = async || {
        let session = browser.request();
        session.read_quietly();
        session.lifetime().await.unwrap().map(|lifetime| lifetime.unused)
    };
    test.clock.advance(Duration::minutes(29));
    assert_eq!(remaining().await, Some(Duration::minutes(1)));
    test.clock.advance(Duration::seconds(59));
    assert_eq!(remaining().await, Some(Duration::seconds(1)));
    test.clock.advance(Duration::seconds(1));
    assert_eq!(remaining().await, None);
}

/// Security: 2.3.3
#[tokio::test]
async fn an_update_in_a_transaction_is_committed_or_rolled_back_with_it() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    sqlx::query("create table notes (text text not null)").execute(&test.pool).await.unwrap();
    for committed in [false, true] {
        let session = browser.request();
        session.read::<Count>().await.unwrap();
        let mut transaction = test.sessions.database().begin().await.unwrap();
        sqlx::query("insert into notes values ('a')").execute(&mut *transaction).await.unwrap();
        assert_eq!(session.update_within(&mut transaction, increment).await.unwrap(), 2);
        if committed {
            transaction.commit().await.unwrap()
        } else {
            drop(transaction)
        }
        let count = if committed { 2 } else { 1 };
        assert_eq!(session.read().await.unwrap(), Some(Count(count)), "also in the same request");
        browser.respond(&session).await;
        assert_eq!(browser.read_count().await, Some(count));
    }
}

/// Security: 15.4.2
#[tokio::test]
async fn concurrent_updates_inside_and_outside_transactions_are_all_kept() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    sqlx::query("create table notes (text text not null)").execute(&test.pool).await.unwrap();
    let within = (0..20).map(|_| async {
        let session = browser.request();
        let mut transaction = test.sessions.database().begin().await.unwrap();
        sqlx::query("insert into notes values ('a')").execute(&mut *transaction).await.unwrap();
        session.update_within(&mut transaction, increment).await.unwrap();
        transaction.commit().await.unwrap();
    });
    let without = (0..20).map(|_| async {
        browser.count().await.unwrap();
    });
    let (within, without) = (join_all(within), join_all(without));
    tokio::join!(within, without);
    assert_eq!(browser.read_count().await, Some(41));
}

async fn join_all<F: Future<Output = ()>>(tasks: impl Iterator<Item = F>) {
    let mut tasks: Vec<_> = tasks.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        tasks.retain_mut(|task| task.as_mut().poll(context).is_pending());
        if tasks.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}
