//! Guarantees 8 (expired sessions are swept) and 9 (a failed write changes nothing).

use std::time::Duration as Span;

use session::SessionError;
use time::Duration;

use crate::harness::{Count, TestSessions, increment};

#[tokio::test]
async fn sweeps_expired_sessions_only() {
    let test = TestSessions::new().await;
    for _ in 0..1_200 {
        test.browser().count().await.unwrap();
    }
    let (renewed, alive) = (test.browser(), test.browser());
    renewed.count().await.unwrap();
    renewed.request().renew().await.unwrap();
    test.clock.advance(Duration::minutes(20));
    alive.count().await.unwrap();
    assert_eq!(test.sessions.sweep().await.unwrap(), 1, "only the replaced id");
    test.clock.advance(Duration::minutes(15));
    assert_eq!(test.sessions.sweep().await.unwrap(), 1_201);
    assert_eq!(test.session_count().await, 1);
    assert_eq!(alive.read_count().await, Some(1));
}

#[tokio::test]
async fn the_sweep_uses_an_index() {
    let test = TestSessions::new().await;
    let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(
        "explain query plan delete from sessions
         where id in (select id from sessions where expires_at <= 1 order by expires_at limit 500)",
    )
    .fetch_all(&test.pool)
    .await
    .unwrap();
    let plan: Vec<_> = plan.into_iter().map(|row| row.3).collect();
    assert!(plan.iter().any(|step| step.contains("USING INDEX sessions_expires_at")), "{plan:?}");
    assert!(!plan.iter().any(|step| step.starts_with("SCAN sessions")), "{plan:?}");
}

#[tokio::test]
async fn the_sweeper_survives_errors_and_stops() {
    let test = TestSessions::new().await;
    test.browser().count().await.unwrap();
    test.clock.advance(Duration::hours(1));
    sqlx::query("alter table sessions rename to hidden").execute(&test.pool).await.unwrap();
    let sweeper = test.sessions.sweep_every(Span::from_millis(1));
    // The sweeper fails while the table is missing, and works once it is back.
    for _ in 0..20 {
        tokio::task::yield_now().await;
        assert!(test.sessions.sweep().await.is_err());
    }
    sqlx::query("alter table hidden rename to sessions").execute(&test.pool).await.unwrap();
    let swept = async {
        while test.session_count().await > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Span::from_secs(20), swept).await.unwrap();
    tokio::time::timeout(Span::from_secs(5), sweeper.stop()).await.unwrap();
}

/// Security: 2.3.3, 16.5.3
#[tokio::test]
async fn a_failed_write_changes_nothing() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    let session = browser.request();
    session.read::<Count>().await.unwrap();
    sqlx::query("create trigger refuse before update on sessions begin select raise(abort, 'full'); end")
        .execute(&test.pool)
        .await
        .unwrap();
    let cookie = browser.cookie();
    assert!(matches!(session.update(increment).await, Err(SessionError::Store(_))));
    assert!(matches!(session.renew().await, Err(SessionError::Store(_))));
    assert_eq!(session.read::<Count>().await.unwrap(), Some(Count(1)), "the failed write is not visible");
    browser.respond(&session).await;
    assert_eq!(browser.cookie(), cookie);

    // A read succeeds although its use cannot be recorded.
    test.clock.advance(Duration::minutes(5));
    assert_eq!(browser.read_count().await, Some(1));

    sqlx::query("drop trigger refuse").execute(&test.pool).await.unwrap();
    assert_eq!(browser.count().await.unwrap(), 2);
}

#[tokio::test]
async fn a_failed_renewal_keeps_the_old_id_valid() {
    let test = TestSessions::new().await;
    let browser = test.browser();
    browser.count().await.unwrap();
    // The second statement of the renewal fails.
    sqlx::query(
        "create trigger refuse before insert on renewed_sessions begin select raise(abort, 'full'); end",
    )
    .execute(&test.pool)
    .await
    .unwrap();
    let session = browser.request();
    assert!(matches!(session.renew().await, Err(SessionError::Store(_))));
    browser.respond(&session).await;
    assert_eq!(browser.read_count().await, Some(1));
}
