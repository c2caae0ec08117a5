//! Guarantees 2 (an ended session stays ended) and 3 (renewal and sign-in change the id and keep the values).

use axum::http::header::SET_COOKIE;
use session::SessionError;
use tokio::task::JoinSet;

use crate::harness::{Count, Name, TestSessions, increment};

/// Security: 7.4.1
#[tokio::test]
async fn a_request_in_flight_during_sign_out_cannot_restore_the_session() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let cookie = browser.cookie().unwrap();

    // One request has loaded the session, the other has not.
    let (reading, waiting) = (browser.request(), browser.request());
    reading.read::<Count>().await.unwrap();
    browser.end().await;
    assert!(matches!(reading.update(increment).await, Err(SessionError::Ended)));
    assert!(matches!(waiting.update(increment).await, Err(SessionError::Ended)));
    assert!(matches!(waiting.renew().await, Err(SessionError::Ended)));
    assert!(matches!(reading.remember(true).await, Err(SessionError::Ended)));
    for session in [reading, waiting] {
        let headers = browser.respond(&session).await;
        let sent = headers.get(SET_COOKIE).map(|cookie| cookie.to_str().unwrap().to_owned());
        assert!(sent.is_none_or(|cookie| cookie.contains("Max-Age=0")), "the cookie may only be removed");
    }
    assert_eq!(test.session_count().await, 0);

    browser.present(&cookie);
    assert_eq!(browser.read_count().await, None);
    browser.present(&cookie);
    assert!(browser.count().await.is_err());
    assert_eq!(test.session_count().await, 0);
}

/// Security: 15.4.1
#[tokio::test(flavor = "multi_thread")]
async fn racing_sign_out_and_writes_leaves_no_session() {
    for (test, other) in TestSessions::server_pairs().await {
        for _ in 0..100 {
            race_a_sign_out(&test, &other).await;
        }
        assert_eq!(test.session_count().await, 0);
    }
}

async fn race_a_sign_out(test: &TestSessions, other: &TestSessions) {
    let browser = test.browser();
    browser.count().await.unwrap();
    let mut racers = JoinSet::new();
    for number in 0..6 {
        let browser = if number % 2 == 0 { browser.clone() } else { browser.connected_to(other) };
        // All requests were received before the sign-out was answered.
        let session = browser.request();
        racers.spawn(async move {
            if number == 3 {
                session.end().await.unwrap();
                return;
            }
            let written = session.update(increment).await;
            assert!(matches!(written, Ok(_) | Err(SessionError::Ended)), "{written:?}");
        });
    }
    racers.join_all().await;
}

#[tokio::test]
async fn a_write_after_sign_out_in_the_same_request_creates_a_new_session() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let before = browser.cookie().unwrap();
    let session = browser.request();
    session.end().await.unwrap();
    assert_eq!(session.read::<Count>().await.unwrap(), None);
    assert_eq!(session.update(increment).await.unwrap(), 1);
    browser.respond(&session).await;
    assert_ne!(browser.cookie().unwrap(), before);
    assert_eq!(browser.read_count().await, Some(1));
}

#[tokio::test]
async fn opening_a_page_after_the_session_ended_allows_a_new_one() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let stale = browser.cookie().unwrap();
    browser.end().await;
    browser.present(&stale);
    let session = browser.request();
    assert!(session.start_over().await.unwrap());
    assert_eq!(session.update(increment).await.unwrap(), 1);
    browser.respond(&session).await;
    assert_ne!(browser.cookie().unwrap(), stale, "the old id is not adopted");
    assert!(!browser.request().start_over().await.unwrap());
}

#[tokio::test]
async fn renewal_keeps_the_values_and_invalidates_the_old_id() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let old = browser.cookie().unwrap();
    let session = browser.request();
    session.renew().await.unwrap();
    assert_eq!(session.update(increment).await.unwrap(), 2);
    browser.respond(&session).await;
    assert_ne!(browser.cookie().unwrap(), old);
    assert_eq!(browser.read_count().await, Some(2));
    assert_eq!(test.session_count().await, 1);

    let thief = test.browser();
    thief.present(&old);
    assert_eq!(thief.read_count().await, None);
}

#[tokio::test]
async fn renewal_keeps_concurrent_writes() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let session = browser.request();
    session.read::<Count>().await.unwrap();
    browser.request().update(increment).await.unwrap();
    session.renew().await.unwrap();
    assert_eq!(session.read::<Count>().await.unwrap(), Some(Count(2)));
}

#[tokio::test]
async fn a_late_request_after_a_renewal_fails_and_keeps_the_new_cookie() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let late = browser.request();
    let renewing = browser.request();
    renewing.renew().await.unwrap();
    browser.respond(&renewing).await;
    let new = browser.cookie();
    assert!(matches!(late.update(increment).await, Err(SessionError::Ended)));
    browser.respond(&late).await;
    assert_eq!(browser.cookie(), new);
    assert_eq!(browser.read_count().await, Some(1));
}

/// Security: 7.2.4
#[tokio::test]
async fn signing_in_replaces_the_id_after_any_sequence_of_calls() {
    type Step = fn(&session::Session) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>>;
    let steps: [Step; 5] = [
        |session| Box::pin(async { drop(session.read::<Count>().await) }),
        |session| Box::pin(async { drop(session.update(increment).await) }),
        |session| Box::pin(async { drop(session.end().await) }),
        |session| Box::pin(async { drop(session.start_over().await) }),
        |session| Box::pin(async { drop(session.renew().await) }),
    ];
    let test = TestSessions::new().await;
    for before in 0..steps.len() {
        for after in 0..steps.len() {
            let browser = test.browser();
            browser.count().await.unwrap();
            let old_cookie = browser.cookie().unwrap();
            let session = browser.request();
            steps[before](&session).await;
            session.restart("ada", false).await.unwrap();
            steps[after](&session).await;
            session.update(|name: &mut Name| name.0 = "Ada".into()).await.unwrap();
            browser.respond(&session).await;
            assert_ne!(browser.cookie().unwrap(), old_cookie, "{before} {after}");
            browser.present(&old_cookie);
            assert_eq!(browser.request().read::<Name>().await.unwrap(), None, "{before} {after}");
        }
    }
}

/// Security: copied old cookies
#[tokio::test]
async fn a_sign_out_during_a_renewal_ends_the_renewed_session() {
    let test = TestSessions::new().await;
    for loaded in [true, false] {
        let browser = test.browser();
        browser.count().await.unwrap();
        let (leaving, renewing) = (browser.request(), browser.request());
        if loaded {
            leaving.read::<Count>().await.unwrap();
        }
        renewing.renew().await.unwrap();
        renewing.renew().await.unwrap();
        leaving.end().await.unwrap();
        assert_eq!(test.session_count().await, 0, "{loaded}");
        assert!(matches!(renewing.update(increment).await, Err(SessionError::Ended)));
    }
}

/// Security: copied old cookies
#[tokio::test]
async fn a_later_request_with_a_replaced_id_ends_nothing() {
    for (test, _) in TestSessions::server_pairs().await {
        let (browser, copy) = (test.browser(), test.browser());
        browser.count().await.unwrap();
        copy.present(&browser.cookie().unwrap());
        let renewing = browser.request();
        renewing.renew().await.unwrap();
        browser.respond(&renewing).await;
        test.clock.advance(time::Duration::seconds(1));
        let late = copy.request();
        assert!(matches!(late.end().await, Err(SessionError::Ended)));
        assert_eq!(copy.respond(&late).await.get(axum::http::header::SET_COOKIE), None);
        assert_eq!(browser.read_count().await, Some(1));
    }
}

/// Security: 15.4.2
#[tokio::test]
async fn require_within_fails_for_a_session_that_ended_elsewhere() {
    for (test, other) in TestSessions::server_pairs().await {
        let browser = test.browser();
        let session = browser.request();
        session.restart("ada", false).await.unwrap();
        browser.respond(&session).await;
        let (changing, ending) = (browser.request(), browser.connected_to(&other));
        changing.read::<Count>().await.unwrap();
        ending.end().await;
        let mut transaction = test.sessions.database().begin().await.unwrap();
        let required = changing.require_within(&mut transaction).await;
        assert!(matches!(required, Err(SessionError::Ended)), "although it was read before");
    }
}

/// Security: 2.3.3
#[tokio::test]
async fn changes_in_a_transaction_apply_only_after_its_commit() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let before = browser.cookie();

    let undone = browser.request();
    let mut transaction = test.sessions.database().begin().await.unwrap();
    undone.restart_within(&mut transaction, "ada", false, |_| ()).await.unwrap();
    undone.update_within(&mut transaction, increment).await.unwrap();
    drop(transaction);
    assert_eq!(undone.owner().await.unwrap(), None);
    browser.respond(&undone).await;
    assert_eq!((browser.cookie(), browser.read_count().await), (before.clone(), Some(1)));

    let ended = browser.request();
    let mut transaction = test.sessions.database().begin().await.unwrap();
    ended.end_within(&mut transaction, |_| ()).await.unwrap();
    drop(transaction);
    browser.respond(&ended).await;
    assert_eq!((browser.cookie(), browser.read_count().await), (before.clone(), Some(1)));

    let done = browser.request();
    let mut transaction = test.sessions.database().begin().await.unwrap();
    done.restart_within(&mut transaction, "ada", false, |_| ()).await.unwrap();
    done.update_within(&mut transaction, increment).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(done.owner().await.unwrap().as_deref(), Some("ada"));
    browser.respond(&done).await;
    assert_ne!(browser.cookie(), before);
    assert_eq!(browser.read_count().await, Some(2));
}

/// Security: 3.3.1
#[tokio::test]
async fn uses_none_of_several_ids_and_keeps_their_cookies() {
    let test = TestSessions::new().await;
    let (victim, attacker) = (test.browser(), test.browser());
    victim.count().await.unwrap();
    attacker.count().await.unwrap();
    let (ours, theirs) = (victim.cookie().unwrap(), attacker.cookie().unwrap());
    // In the second round the attacker's session has ended, which must not remove the victim's cookie.
    for _ in 0..2 {
        let both = test.browser();
        both.present(&format!("{theirs}; id={ours}"));
        let session = both.request();
        assert_eq!(session.read::<Count>().await.unwrap(), None);
        assert!(!session.start_over().await.unwrap() && !session.has_ended().await.unwrap());
        assert!(matches!(session.update(increment).await, Err(SessionError::Ended)));
        assert!(matches!(session.restart("ada", false).await, Err(SessionError::Ended)));
        assert!(matches!(session.renew().await, Err(SessionError::Ended)));
        assert!(matches!(session.end().await, Err(SessionError::Ended)));
        assert_eq!(both.respond(&session).await.get(axum::http::header::SET_COOKIE), None);
        assert_eq!(victim.read_count().await, Some(1));
        attacker.end().await;
    }
}

#[tokio::test]
async fn a_reload_during_a_renewal_creates_no_session() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let (reload, renewing) = (browser.request(), browser.request());
    renewing.renew().await.unwrap();
    assert!(!reload.start_over().await.unwrap());
    assert!(matches!(reload.update(increment).await, Err(SessionError::Ended)));
    browser.respond(&renewing).await;
    browser.respond(&reload).await;
    assert_eq!(browser.read_count().await, Some(1));
}

#[tokio::test]
async fn a_browser_that_missed_the_renewed_cookie_starts_again_after_a_minute() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    browser.request().renew().await.unwrap();
    assert!(browser.count().await.is_err());
    test.clock.advance(time::Duration::minutes(1));
    assert!(browser.count().await.is_err(), "this response removes the stale cookie");
    assert_eq!(browser.count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_cancelled_renewal_still_sends_the_new_cookie() {
    let test = TestSessions::new().await;
    for polls in 0..20 {
        let browser = test.browser();
        browser.count().await.unwrap();
        let session = browser.request();
        {
            // Cancels the caller, like a timeout, at each of its await points.
            let (mut renewal, mut left) = (std::pin::pin!(session.renew()), polls);
            std::future::poll_fn(|context| {
                if renewal.as_mut().poll(context).is_ready() || left == 0 {
                    return std::task::Poll::Ready(());
                }
                left -= 1;
                std::task::Poll::Pending
            })
            .await;
        }
        // The only writer is free once that transaction is committed or rolled back.
        test.sessions.sweep().await.unwrap();
        browser.respond(&session).await;
        assert_eq!(browser.read_count().await, Some(1), "polled {polls} times");
    }
}

#[tokio::test]
async fn a_repeated_sign_in_continues_the_session_of_the_first() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let (first, second, stranger) = (browser.request(), browser.request(), browser.request());
    first.restart("ada", false).await.unwrap();

    stranger.restart("mallory", false).await.unwrap();
    assert_eq!(stranger.read::<Count>().await.unwrap(), None, "another user does not get the values");
    assert_eq!(stranger.owner().await.unwrap().as_deref(), Some("mallory"));

    second.restart("ada", false).await.unwrap();
    browser.respond(&second).await;
    assert_eq!(browser.read_count().await, Some(1));
    assert_eq!(test.session_count().await, 2, "the first sign-in leaves no extra session");
}
