//! Changes of an account that were checked, and then had to wait while the owner signed out the one who made them. A test binary of its own:
//! the tests follow the statements of their app in the log, where those of other tests must not be.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

#[path = "it/client.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod client;

use std::{io, sync::Mutex, time::Duration};

use axum::http::StatusCode;
use client::{Answer, PASSWORD, TestApp, Visitor};
use futures::future::join;
use tokio::{
    sync::{Mutex as AsyncMutex, MutexGuard},
    time::timeout,
};

/// The statements that have run, as sqlx logs them.
static STATEMENTS: Mutex<String> = Mutex::new(String::new());

/// One test at a time.
static TURN: AsyncMutex<bool> = AsyncMutex::const_new(false);

struct Statements;

impl io::Write for Statements {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        STATEMENTS.lock().unwrap().push_str(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn turn() -> MutexGuard<'static, bool> {
    let mut has_begun = TURN.lock().await;
    if !*has_begun {
        tracing_subscriber::fmt().with_env_filter("off,sqlx::query=debug").with_writer(|| Statements).init();
        *has_begun = true;
    }
    has_begun
}

/// Sends a form; once it has read `column`, runs `change` in a transaction that it has to wait for.
async fn overtake(
    app: &TestApp,
    form: impl Future<Output = Answer>,
    column: &str,
    change: &'static str,
) -> Answer {
    let mut transaction = app.db.begin().await.unwrap();
    STATEMENTS.lock().unwrap().clear();
    let (answer, ()) = join(form, async {
        let has_read = async {
            while !STATEMENTS.lock().unwrap().contains(column) {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(30), has_read).await.unwrap();
        sqlx::query(change).execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
    })
    .await;
    answer
}

/// What the owner does from elsewhere, as it is in the database.
const ENDS: [&str; 2] = [
    "update users set password_hash = 'another', password_version = password_version + 1",
    "delete from sessions where owner is not null",
];

/// What the forms would change, and [`ENDS`] does not.
async fn state(app: &TestApp) -> Vec<String> {
    let mut state = Vec::new();
    for rows in [
        "select id || name || email from users order by id",
        "select id || successor from renewed_sessions order by id",
        // <shop>
        "select id || user_id from orders order by id",
        // </shop>
    ] {
        state.extend(sqlx::query_scalar::<_, String>(rows).fetch_all(&app.pool).await.unwrap());
    }
    state
}

/// The number of sessions with a user, and of accounts with the password that the owner has set.
async fn counts(app: &TestApp) -> (i64, i64) {
    let sessions = "select count(*) from sessions where owner is not null";
    let changed = "select count(*) from users where name = 'Ada' and password_hash = 'another'";
    let count = async |query: &'static str| sqlx::query_scalar(query).fetch_one(&app.pool).await.unwrap();
    (count(sessions).await, count(changed).await)
}

/// The form is refused, and changes nothing of what the owner has left.
async fn expect_refused(app: &TestApp, visitor: &Visitor<'_>, path: &str, form: &str, end: &'static str) {
    let before = state(app).await;
    // The last that a form reads before its transaction: one with a password holds that against the account's.
    let has_password = form.contains(PASSWORD);
    let column = if has_password { "password_hash" } else { "password_version" };
    let answer = overtake(app, visitor.call(path, form), column, end).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}: {}", answer.body);
    assert_eq!(answer.body, r#"{"error":"session_ended"}"#, "{path}");
    assert_eq!(state(app).await, before, "{path}: {end}");
    let left = if end == ENDS[0] { (2, 1) } else { (0, 0) };
    assert_eq!(counts(app).await, left, "{path}: {end}");
}

/// An account with two devices: the owner's, and another one. Without a cache each request asks the database whose it is, and the log shows
/// when.
async fn app() -> TestApp {
    TestApp::start_with(&[("DATABASE_SHARED", "true")]).await
}

/// Security: 7.5.1, 15.4.2
#[tokio::test]
async fn a_change_that_was_overtaken_by_the_end_of_its_session_changes_nothing() {
    let _turn = turn().await;
    for end in ENDS {
        for (path, form) in [
            ("/api/auth/name", "name=Mallory".to_owned()),
            ("/api/auth/revoke_others", String::new()),
            ("/api/auth/confirm", format!("password={PASSWORD}")),
            ("/api/auth/password", format!("current={PASSWORD}&new=four-words-are-better")),
            ("/api/auth/delete", format!("password={PASSWORD}")),
            // <shop>
            ("/api/orders/place", "token=tttttttttttttttttttt".to_owned()),
            // </shop>
        ] {
            let app = app().await;
            let (owner, thief) = (app.visitor(), app.visitor());
            owner.register("Ada").await;
            thief.sign_in_as("Ada").await;
            // <shop>
            thief.call("/api/cart/add", "product=1").await;
            // </shop>
            expect_refused(&app, &thief, path, &form, end).await;
        }
    }
}

/// Security: 7.5.2, 15.4.2
#[tokio::test]
async fn a_device_is_not_ended_by_one_that_was_overtaken() {
    let _turn = turn().await;
    for end in ENDS {
        let app = app().await;
        let (owner, thief) = (app.visitor(), app.visitor());
        owner.register("Ada").await;
        thief.sign_in_as("Ada").await;
        let devices = owner.ask("/api/auth/devices").await.json();
        let here = devices.as_array().unwrap().iter().find(|device| device["current"] == true).unwrap();
        let form = format!("device={}", here["device"].as_str().unwrap());
        expect_refused(&app, &thief, "/api/auth/revoke", &form, end).await;
    }
}

/// Security: 7.4.3, 15.4.2
#[tokio::test]
async fn a_sign_in_that_loses_against_a_change_of_the_password_gets_no_session_and_nothing_that_waits() {
    let _turn = turn().await;
    let app = TestApp::start_with(&[("SIGN_IN_LIMIT", "off")]).await;
    let (ada, thief) = (app.visitor(), app.visitor());
    ada.register("Ada").await;
    // <shop>
    ada.call("/api/cart/add", "product=1&quantity=5").await;
    // </shop>
    ada.call("/api/auth/logout", "").await;
    thief.begin_session().await;
    let answer = overtake(&app, thief.sign_in_as("Ada"), "password_hash", ENDS[0]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!((counts(&app).await, thief.name().await), ((0, 1), None));
    // <shop>
    let saved: i64 =
        sqlx::query_scalar("select quantity from saved_cart_lines").fetch_one(&app.pool).await.unwrap();
    assert_eq!(saved, 5, "it goes on waiting");
    // </shop>
}
