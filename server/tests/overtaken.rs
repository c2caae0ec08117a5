//! Requests whose session ends, or whose password changes, between their check and their change. This is a binary of its own, because the
//! tests read SQL statements from the log, which must not contain those of other tests.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "it/client.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod client;

use std::{io, sync::Mutex, time::Duration};

use axum::http::StatusCode;
use client::{PASSWORD, Response, TestApp, Visitor};
use futures::future::join;
use tokio::{
    sync::{Mutex as AsyncMutex, MutexGuard},
    time::timeout,
};

/// The statements that have run, as sqlx logs them.
static STATEMENTS: Mutex<String> = Mutex::new(String::new());

/// Runs one test at a time. The value is whether the log is set up.
static LOCK: AsyncMutex<bool> = AsyncMutex::const_new(false);

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

async fn lock() -> MutexGuard<'static, bool> {
    let mut has_log = LOCK.lock().await;
    if !*has_log {
        tracing_subscriber::fmt().with_env_filter("off,sqlx::query=debug").with_writer(|| Statements).init();
        *has_log = true;
    }
    has_log
}

/// Sends a form, which waits for a transaction. Runs `change` in that transaction as soon as the form has read `column`.
async fn overtake(
    app: &TestApp,
    form: impl Future<Output = Response>,
    column: &str,
    change: &'static str,
) -> Response {
    let mut transaction = app.db.begin().await.unwrap();
    STATEMENTS.lock().unwrap().clear();
    let (response, ()) = join(form, async {
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
    response
}

/// The changes of the owner on another device: a new password, and signing out everywhere.
const CHANGES: [&str; 2] = [
    "update users set password_hash = 'another', password_version = password_version + 1",
    "delete from sessions where owner is not null",
];

/// The data that the forms would change, and [`CHANGES`] do not.
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

/// The number of signed-in sessions, and of accounts with the owner's new password.
async fn counts(app: &TestApp) -> (i64, i64) {
    let sessions = "select count(*) from sessions where owner is not null";
    let changed = "select count(*) from users where name = 'Ada' and password_hash = 'another'";
    let count = async |query: &'static str| sqlx::query_scalar(query).fetch_one(&app.pool).await.unwrap();
    (count(sessions).await, count(changed).await)
}

/// Checks that the form is refused and changes nothing.
async fn expect_refused(app: &TestApp, visitor: &Visitor<'_>, path: &str, form: &str, change: &'static str) {
    let before = state(app).await;
    // The last column that a form reads before its transaction.
    let has_password = form.contains(PASSWORD);
    let column = if has_password { "password_hash" } else { "password_version" };
    let response = overtake(app, visitor.post(path, form), column, change).await;
    assert_eq!(response.status, StatusCode::UNAUTHORIZED, "{path}: {}", response.body);
    assert_eq!(response.body, r#"{"error":"session_ended"}"#, "{path}");
    assert_eq!(state(app).await, before, "{path}: {change}");
    let left = if change == CHANGES[0] { (2, 1) } else { (0, 0) };
    assert_eq!(counts(app).await, left, "{path}: {change}");
}

/// An app without a cache, so that each request reads its session from the database.
async fn app() -> TestApp {
    TestApp::start_with(&[("DATABASE_SHARED", "true")]).await
}

/// Security: 7.5.1, 15.4.2
#[tokio::test]
async fn a_change_whose_session_ends_during_the_request_is_refused() {
    let _lock = lock().await;
    for change in CHANGES {
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
            thief.post("/api/cart/add", "product=1").await;
            // </shop>
            expect_refused(&app, &thief, path, &form, change).await;
        }
    }
}

/// Security: 7.5.2, 15.4.2
#[tokio::test]
async fn a_session_that_ends_during_the_request_cannot_revoke_a_device() {
    let _lock = lock().await;
    for change in CHANGES {
        let app = app().await;
        let (owner, thief) = (app.visitor(), app.visitor());
        owner.register("Ada").await;
        thief.sign_in_as("Ada").await;
        let devices = owner.get("/api/auth/devices").await.json();
        let here = devices.as_array().unwrap().iter().find(|device| device["current"] == true).unwrap();
        let form = format!("device={}", here["device"].as_str().unwrap());
        expect_refused(&app, &thief, "/api/auth/revoke", &form, change).await;
    }
}

/// Security: 7.4.3, 15.4.2
#[tokio::test]
async fn a_sign_in_during_a_password_change_gets_no_session_and_no_saved_cart() {
    let _lock = lock().await;
    let app = TestApp::start_with(&[("SIGN_IN_LIMIT", "off")]).await;
    let (ada, thief) = (app.visitor(), app.visitor());
    ada.register("Ada").await;
    // <shop>
    ada.post("/api/cart/add", "product=1&quantity=5").await;
    // </shop>
    ada.post("/api/auth/logout", "").await;
    thief.begin_session().await;
    let response = overtake(&app, thief.sign_in_as("Ada"), "password_hash", CHANGES[0]).await;
    assert_eq!(response.status, StatusCode::UNAUTHORIZED);
    assert_eq!((counts(&app).await, thief.name().await), ((0, 1), None));
    // <shop>
    let saved: i64 =
        sqlx::query_scalar("select quantity from saved_cart_lines").fetch_one(&app.pool).await.unwrap();
    assert_eq!(saved, 5, "the saved cart is unchanged");
    // </shop>
}
