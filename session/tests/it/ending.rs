//! Guarantee 2: a session that ended stays ended. Guarantee 3: a change of privilege gives a new id and loses nothing.

use axum::http::header::SET_COOKIE;
use session::SessionError;
use tokio::task::JoinSet;

use crate::harness::{Count, Name, TestSessions, increment};

/// Security: 7.4.1
#[tokio::test]
async fn what_is_in_flight_during_a_sign_out_brings_nothing_back() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let cookie = browser.cookie().unwrap();

    // One request has read the session, another has only come in.
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
        assert!(sent.is_none_or(|cookie| cookie.contains("Max-Age=0")), "no cookie but its removal");
    }
    assert_eq!(test.rows().await, 0);

    // Nor does the old cookie, however late.
    browser.present(&cookie);
    assert_eq!(browser.counted().await, None);
    browser.present(&cookie);
    assert!(browser.count().await.is_err());
    assert_eq!(test.rows().await, 0);
}

/// Security: 15.4.1
#[tokio::test(flavor = "multi_thread")]
async fn races_of_sign_out_against_writes_leave_no_session() {
    for (test, other) in TestSessions::pairs().await {
        for _ in 0..100 {
            race_a_sign_out(&test, &other).await;
        }
        assert_eq!(test.rows().await, 0);
    }
}

async fn race_a_sign_out(test: &TestSessions, other: &TestSessions) {
    let browser = test.browser();
    browser.count().await.unwrap();
    let mut racers = JoinSet::new();
    for number in 0..6 {
        let browser = if number % 2 == 0 { browser.clone() } else { browser.talking_to(other) };
        // Each came in with the cookie, before the sign-out was answered.
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
async fn after_an_end_the_same_request_begins_anew_under_a_new_id() {
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
    assert_eq!(browser.counted().await, Some(1));
}

#[tokio::test]
async fn who_opens_a_page_after_the_end_may_begin_anew() {
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
    assert_ne!(browser.cookie().unwrap(), stale, "the old id is never adopted");
    assert!(!browser.request().start_over().await.unwrap());
}

#[tokio::test]
async fn renewal_keeps_the_data_and_kills_the_old_id() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let old = browser.cookie().unwrap();
    let session = browser.request();
    session.renew().await.unwrap();
    assert_eq!(session.update(increment).await.unwrap(), 2);
    browser.respond(&session).await;
    assert_ne!(browser.cookie().unwrap(), old);
    assert_eq!(browser.counted().await, Some(2));
    assert_eq!(test.rows().await, 1);

    let thief = test.browser();
    thief.present(&old);
    assert_eq!(thief.counted().await, None);
}

#[tokio::test]
async fn renewal_takes_what_others_wrote_in_between() {
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
async fn a_request_that_is_late_for_a_renewal_is_refused_but_keeps_the_browsers_new_cookie() {
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
    assert_eq!(browser.counted().await, Some(1));
}

/// Security: 7.2.4
#[tokio::test]
async fn no_sequence_of_calls_keeps_an_id_over_a_restart() {
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
            let fixed = browser.cookie().unwrap();
            let session = browser.request();
            steps[before](&session).await;
            session.restart("ada", false).await.unwrap();
            steps[after](&session).await;
            session.update(|name: &mut Name| name.0 = "Ada".into()).await.unwrap();
            browser.respond(&session).await;
            assert_ne!(browser.cookie().unwrap(), fixed, "{before} {after}");
            browser.present(&fixed);
            assert_eq!(browser.request().read::<Name>().await.unwrap(), None, "{before} {after}");
        }
    }
}

/// Security: copied old cookies
#[tokio::test]
async fn a_sign_out_that_meets_a_renewal_ends_the_renewed_session() {
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
        assert_eq!(test.rows().await, 0, "{loaded}");
        assert!(matches!(renewing.update(increment).await, Err(SessionError::Ended)));
    }
}

/// Security: copied old cookies
#[tokio::test]
async fn an_exchanged_id_that_comes_later_ends_nothing() {
    for (test, _) in TestSessions::pairs().await {
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
        assert_eq!(browser.counted().await, Some(1));
    }
}

/// Security: 15.4.2
#[tokio::test]
async fn a_session_that_is_required_within_a_transaction_lives_there() {
    for (test, other) in TestSessions::pairs().await {
        let browser = test.browser();
        let session = browser.request();
        session.restart("ada", false).await.unwrap();
        browser.respond(&session).await;
        let (changing, ending) = (browser.request(), browser.talking_to(&other));
        changing.read::<Count>().await.unwrap();
        ending.end().await;
        let mut transaction = test.sessions.database().begin().await.unwrap();
        let required = changing.require_within(&mut transaction).await;
        assert!(matches!(required, Err(SessionError::Ended)), "whatever was read before");
    }
}

/// Security: 2.3.3
#[tokio::test]
async fn what_a_transaction_makes_of_a_session_holds_once_it_is_committed() {
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
    assert_eq!((browser.cookie(), browser.counted().await), (before.clone(), Some(1)));

    let ended = browser.request();
    let mut transaction = test.sessions.database().begin().await.unwrap();
    ended.end_within(&mut transaction, |_| ()).await.unwrap();
    drop(transaction);
    browser.respond(&ended).await;
    assert_eq!((browser.cookie(), browser.counted().await), (before.clone(), Some(1)));

    let done = browser.request();
    let mut transaction = test.sessions.database().begin().await.unwrap();
    done.restart_within(&mut transaction, "ada", false, |_| ()).await.unwrap();
    done.update_within(&mut transaction, increment).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(done.owner().await.unwrap().as_deref(), Some("ada"));
    browser.respond(&done).await;
    assert_ne!(browser.cookie(), before);
    assert_eq!(browser.counted().await, Some(2));
}

/// Security: 3.3.1
#[tokio::test]
async fn of_several_ids_none_is_taken_and_none_of_their_cookies_is_replaced() {
    let test = TestSessions::new().await;
    let (victim, attacker) = (test.browser(), test.browser());
    victim.count().await.unwrap();
    attacker.count().await.unwrap();
    let (ours, theirs) = (victim.cookie().unwrap(), attacker.cookie().unwrap());
    // The second time the other id is dead: its cookie must not cost the victim its own.
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
        assert_eq!(victim.counted().await, Some(1));
        attacker.end().await;
    }
}

#[tokio::test]
async fn a_reload_during_a_renewal_begins_no_other_session() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let (reload, renewing) = (browser.request(), browser.request());
    renewing.renew().await.unwrap();
    assert!(!reload.start_over().await.unwrap());
    assert!(matches!(reload.update(increment).await, Err(SessionError::Ended)));
    browser.respond(&renewing).await;
    browser.respond(&reload).await;
    assert_eq!(browser.counted().await, Some(1));
}

#[tokio::test]
async fn who_never_got_the_renewed_cookie_may_begin_anew_after_a_minute() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    browser.request().renew().await.unwrap();
    assert!(browser.count().await.is_err());
    test.clock.advance(time::Duration::minutes(1));
    assert!(browser.count().await.is_err(), "the stale cookie is removed with this answer");
    assert_eq!(browser.count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_caller_that_is_cancelled_during_a_renewal_still_gets_the_new_cookie() {
    let test = TestSessions::new().await;
    for wakes in 0..20 {
        let browser = test.browser();
        browser.count().await.unwrap();
        let session = browser.request();
        {
            // The caller gives up, as with a time-out, after it was woken so many times: at each place where it waits.
            let (mut renewal, mut left) = (std::pin::pin!(session.renew()), wakes);
            std::future::poll_fn(|context| {
                if renewal.as_mut().poll(context).is_ready() || left == 0 {
                    return std::task::Poll::Ready(());
                }
                left -= 1;
                std::task::Poll::Pending
            })
            .await;
        }
        // Another writer has its turn once that transaction is through, or undone.
        test.sessions.sweep().await.unwrap();
        browser.respond(&session).await;
        assert_eq!(browser.counted().await, Some(1), "woken {wakes} times");
    }
}

#[tokio::test]
async fn a_sign_in_that_is_sent_twice_goes_on_with_what_the_first_has_made() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let (first, second, stranger) = (browser.request(), browser.request(), browser.request());
    first.restart("ada", false).await.unwrap();

    stranger.restart("mallory", false).await.unwrap();
    assert_eq!(stranger.read::<Count>().await.unwrap(), None, "nobody else gets the data");
    assert_eq!(stranger.owner().await.unwrap().as_deref(), Some("mallory"));

    second.restart("ada", false).await.unwrap();
    browser.respond(&second).await;
    assert_eq!(browser.counted().await, Some(1));
    assert_eq!(test.rows().await, 2, "and no signed-in session is left behind");
}
