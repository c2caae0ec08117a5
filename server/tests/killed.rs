//! Kills the app after each SQL statement of a request and checks the database: nothing is half done.
//!
//! The binary starts itself. The parent prepares a database for each scenario and gives a copy of it to a child, which aborts after a
//! given statement. The parent then compares what the child left behind with the state before the request and the state after it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "there is no test harness that prints")]

use std::{
    collections::BTreeSet,
    env, fmt, fs, mem,
    path::{Path, PathBuf},
    process::{self, Command, ExitCode},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{
        Request, StatusCode,
        header::{ACCEPT, CONTENT_TYPE, COOKIE, HOST, SET_COOKIE},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use server::{AppState, Settings, database, router, settings::Build};
use session::{Clock, Database, SigningKeys};
use sqlx::{FromRow, SqlitePool, sqlite::SqliteRow};
use tokio::{
    runtime::{Builder, Runtime},
    time::timeout,
};
use tower::ServiceExt;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    subscriber::set_global_default,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry,
};

const ADA: &str = "ada@example.com";
const EVE: &str = "eve@example.com";
const PASSWORD: &str = "three-words-at-least";
const NEW_PASSWORD: &str = "four-words-are-better";

/// The time of the preparation, in seconds since 1970.
const PREPARED_AT: i64 = 1_795_255_509;
/// The time of the request: late enough to tell it apart, and early enough for a password that was typed during the preparation.
const SENT_AT: i64 = PREPARED_AT + 30;

/// The sessions that a user may have: `SessionConfig` has 50 by default.
const MAX_SESSIONS: usize = 50;

/// No request of the app has fewer statements. Fewer mean that they are not counted.
const FEWEST_STATEMENTS: usize = 3;

/// A request that takes longer than this hangs. Speed is not tested.
const HANGS: Duration = Duration::from_secs(300);

/// The environment variable that makes this process a child. Its value is a [`Task`].
const TASK: &str = "KILLED_TASK";

fn main() -> ExitCode {
    if let Ok(task) = env::var(TASK) {
        return runtime().block_on(work(serde_json::from_str(&task).unwrap()));
    }
    if !is_wanted(env::args().skip(1)) {
        return ExitCode::SUCCESS;
    }
    let walks = thread::scope(|scope| {
        let walks = Scenario::ALL.map(|scenario| scope.spawn(move || runtime().block_on(walk(scenario))));
        walks.map(|walk| walk.join().unwrap_or_else(|_| Err("a panic, which is printed above".to_owned())))
    });
    let mut exit = ExitCode::SUCCESS;
    for (scenario, walked) in Scenario::ALL.iter().zip(walks) {
        match walked {
            Ok(statements) => println!("killed: {}: {statements} statements", scenario.name()),
            Err(problem) => {
                eprintln!("killed: {}: FAILED: {problem}", scenario.name());
                exit = ExitCode::FAILURE;
            }
        }
    }
    exit
}

/// Whether the arguments, which are those of the usual test harness, select this test. A word after an option may be the value of that
/// option, so it is not taken for the name of a test.
fn is_wanted(arguments: impl Iterator<Item = String>) -> bool {
    let (mut names, mut after_option) = (Vec::new(), false);
    for argument in arguments {
        if argument == "--list" {
            return false;
        }
        let is_option = argument.starts_with('-');
        if !is_option && !after_option {
            names.push(argument);
        }
        after_option = is_option;
    }
    names.is_empty() || names.iter().any(|name| "killed".contains(name.as_str()))
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// What a child does.
#[derive(Deserialize, Serialize)]
struct Task {
    file: PathBuf,
    keys: String,
    call: Call,
    /// The number of the statement after which the child aborts, from 1; `None` lets it finish.
    statement: Option<usize>,
}

/// Sends the request. Exits with success when it is answered by 200, after all its statements.
async fn work(task: Task) -> ExitCode {
    // An abort must not fill the folder with core files.
    #[cfg(unix)]
    rlimit::setrlimit(rlimit::Resource::CORE, 0, 0).unwrap();
    let app = App::open(&task.file, &task.keys, SENT_AT).await;
    let killer = Killer { statement: task.statement, seen: AtomicUsize::new(0), note: note(&task.file) };
    // Only now, so that the statements of the start do not count.
    set_global_default(registry().with(killer)).unwrap();
    let answer = app.send(&task.call).await;
    // A connection may log a statement after its result has been received. Closing waits for that.
    app.close().await;
    if answer.status == StatusCode::OK {
        return ExitCode::SUCCESS;
    }
    eprintln!("{} {}", answer.status, answer.body);
    ExitCode::FAILURE
}

/// Where a child leaves the text of the statement after which it aborts.
fn note(database: &Path) -> PathBuf {
    database.with_extension("statement")
}

/// Counts the statements that sqlx logs, each after it has run, and aborts the process after one of them. `begin` and `commit` are not
/// logged, so a transaction is committed between its last statement and the next one.
struct Killer {
    statement: Option<usize>,
    seen: AtomicUsize,
    note: PathBuf,
}

impl<S: Subscriber> Layer<S> for Killer {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if Some(self.seen.fetch_add(1, Ordering::SeqCst) + 1) != self.statement {
            return;
        }
        let mut text = StatementText::default();
        event.record(&mut text);
        fs::write(&self.note, text.0).unwrap();
        // Like SIGKILL, and unlike a panic or `exit`, it runs no destructor: no rollback, no connection that is closed.
        process::abort();
    }
}

#[derive(Default)]
struct StatementText(String);

impl Visit for StatementText {
    fn record_str(&mut self, field: &Field, value: &str) {
        // The summary is complete for up to four words; then the second field is empty.
        if matches!(field.name(), "summary" | "db.statement") && !value.is_empty() {
            self.0 = value.split_whitespace().collect::<Vec<_>>().join(" ");
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// The app on a database file.
struct App {
    router: Router,
    db: Database,
    clock: Clock,
}

impl App {
    async fn open(file: &Path, keys: &str, now: i64) -> Self {
        let get = |name: &str| match name {
            "CLIENT_IP_SOURCE" => Some("ConnectInfo".to_owned()),
            "SIGN_IN_LIMIT" | "SESSION_LIMIT" => Some("off".to_owned()),
            _ => None,
        };
        let settings = Settings::read(Build::current(), get, || Ok(keys.to_owned())).unwrap();
        let (db, clock) = (database::open(&url(file)).await.unwrap(), Clock::manual(now));
        let state = AppState::new(settings, db.clone(), clock.clone()).await.unwrap();
        Self { router: router(state), db, clock }
    }

    async fn send(&self, call: &Call) -> Answer {
        let mut request = Request::post(&call.path)
            .header(HOST, "satchel.test")
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(cookie) = &call.cookie {
            request = request.header(COOKIE, cookie);
        }
        let request = request.body(Body::from(call.body.clone())).unwrap();
        let (parts, body) =
            timeout(HANGS, self.router.clone().oneshot(request)).await.unwrap().unwrap().into_parts();
        let cookies = parts.headers.get_all(SET_COOKIE).iter();
        let mut pairs = cookies.filter_map(|cookie| cookie.to_str().unwrap().split(';').next());
        let cookie = pairs.find(|pair| pair.starts_with("id=")).map(str::to_owned);
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, cookie, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn close(self) {
        self.db.close().await;
    }
}

/// A request to a server function.
#[derive(Clone, Deserialize, Serialize)]
struct Call {
    path: String,
    body: String,
    cookie: Option<String>,
}

struct Answer {
    status: StatusCode,
    /// The session's cookie, where the response sets it.
    cookie: Option<String>,
    body: String,
}

/// Keeps the session's cookie.
#[derive(Default)]
struct Browser {
    cookie: Option<String>,
}

impl Browser {
    fn call(&self, path: &str, body: &str) -> Call {
        Call { path: path.to_owned(), body: body.to_owned(), cookie: self.cookie.clone() }
    }

    async fn post(&mut self, app: &App, path: &str, body: &str) {
        let answer = app.send(&self.call(path, body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        self.cookie = answer.cookie.or(self.cookie.take());
    }

    async fn register(&mut self, app: &App, email: &str) {
        self.post(app, "/api/auth/register", &registration(email)).await;
    }

    async fn sign_in(&mut self, app: &App) {
        self.post(app, "/api/auth/login", &credentials(ADA, PASSWORD)).await;
    }

    // <shop>
    async fn fill_cart(&mut self, app: &App) {
        self.post(app, "/api/cart/add", "product=1&quantity=2").await;
    }
    // </shop>
}

fn registration(email: &str) -> String {
    format!("name=Visitor&email={email}&password={PASSWORD}")
}

fn credentials(email: &str, password: &str) -> String {
    format!("email={email}&password={password}")
}

/// What the request does.
#[derive(Clone, Copy)]
enum Scenario {
    Register,
    RegisterAsGuest,
    SignIn,
    SignInAsAnother,
    SignOut,
    Confirm,
    ChangePassword,
    Revoke,
    DeleteAccount,
}

impl Scenario {
    const ALL: [Self; 9] = [
        Self::Register,
        Self::RegisterAsGuest,
        Self::SignIn,
        Self::SignInAsAnother,
        Self::SignOut,
        Self::Confirm,
        Self::ChangePassword,
        Self::Revoke,
        Self::DeleteAccount,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Register => "register without a session",
            Self::RegisterAsGuest => "register with a guest's session",
            Self::SignIn => "sign in with surplus sessions",
            Self::SignInAsAnother => "sign in where another user is signed in",
            Self::SignOut => "sign out",
            Self::Confirm => "confirm the password",
            Self::ChangePassword => "change the password",
            Self::Revoke => "revoke a device",
            Self::DeleteAccount => "delete the account",
        }
    }

    /// Prepares the database, and returns the request to be killed.
    async fn prepare(self, app: &App) -> Call {
        let (mut laptop, mut phone) = (Browser::default(), Browser::default());
        match self {
            Self::Register => laptop.call("/api/auth/register", &registration(ADA)),
            Self::RegisterAsGuest => {
                laptop.post(app, "/api/preferences/theme", "theme=dark").await;
                laptop.call("/api/auth/register", &registration(ADA))
            }
            Self::SignIn => {
                phone.register(app, ADA).await;
                // <shop>
                phone.fill_cart(app).await;
                // </shop>
                // The phone's session becomes the one that was used least recently.
                app.clock.advance(time::Duration::SECOND);
                for _ in 1..MAX_SESSIONS {
                    Browser::default().sign_in(app).await;
                }
                laptop.call("/api/auth/login", &credentials(ADA, PASSWORD))
            }
            Self::SignInAsAnother => {
                phone.register(app, EVE).await;
                laptop.register(app, ADA).await;
                // <shop>
                laptop.fill_cart(app).await;
                // </shop>
                laptop.call("/api/auth/login", &credentials(EVE, PASSWORD))
            }
            Self::SignOut => {
                laptop.register(app, ADA).await;
                // <shop>
                laptop.fill_cart(app).await;
                // </shop>
                laptop.call("/api/auth/logout", "")
            }
            Self::Confirm => {
                laptop.register(app, ADA).await;
                laptop.call("/api/auth/confirm", &format!("password={PASSWORD}"))
            }
            Self::ChangePassword => {
                phone.register(app, ADA).await;
                // <shop>
                phone.fill_cart(app).await;
                // </shop>
                Browser::default().sign_in(app).await;
                laptop.sign_in(app).await;
                laptop.call("/api/auth/password", &format!("current={PASSWORD}&new={NEW_PASSWORD}"))
            }
            Self::Revoke => {
                phone.register(app, ADA).await;
                // <shop>
                phone.fill_cart(app).await;
                // </shop>
                let query = sqlx::query_scalar("select handle from sessions");
                let device: String = query.fetch_one(app.db.readers()).await.unwrap();
                laptop.sign_in(app).await;
                laptop.call("/api/auth/revoke", &format!("device={device}"))
            }
            Self::DeleteAccount => {
                phone.register(app, ADA).await;
                // <shop>
                phone.fill_cart(app).await;
                // </shop>
                Browser::default().sign_in(app).await;
                laptop.sign_in(app).await;
                phone.post(app, "/api/auth/logout", "").await;
                laptop.call("/api/auth/delete", &format!("password={PASSWORD}"))
            }
        }
    }

    /// Whether `now` is the state that the request leads to from `before`, once or repeated.
    fn is_done(self, before: &Snapshot, now: &Snapshot) -> bool {
        let (had, has) = (before.sessions_of(ADA), now.sessions_of(ADA));
        // <shop>
        // Only the removal of the account takes anything out of the user's carts, and nothing is added twice.
        let items = if matches!(self, Self::DeleteAccount) { 0 } else { before.items_of(ADA) };
        if now.items_of(ADA) != items {
            return false;
        }
        // </shop>
        match self {
            // A guest's session becomes the user's.
            Self::Register | Self::RegisterAsGuest => has.len() == 1 && now.sessions.len() == 1,
            Self::SignIn => {
                let begun = has.iter().any(|session| !before.has_handle(&session.handle));
                let surplus = had.iter().min_by_key(|session| session.began_at);
                let ended = surplus.is_some_and(|surplus| !now.has_handle(&surplus.handle));
                had.len() == MAX_SESSIONS && has.len() == MAX_SESSIONS && begun && ended
            }
            Self::SignInAsAnother => {
                let hers = now.sessions_of(EVE);
                has.is_empty() && hers.iter().any(|session| !before.has_handle(&session.handle))
            }
            Self::SignOut => now.user(ADA).is_some() && has.is_empty(),
            Self::Confirm => {
                has.len() == 1 && has[0].has_new_id(before) && has[0].sign_in()["confirmed_at"] == SENT_AT
            }
            Self::ChangePassword => {
                let version = |snapshot: &Snapshot| snapshot.user(ADA).map(|user| user.password_version);
                let changed = version(now) == version(before).map(|version| version + 1);
                changed && had.len() == 3 && has.len() == 1 && has[0].has_new_id(before)
            }
            Self::Revoke => had.len() == 2 && has.len() == 1,
            Self::DeleteAccount => had.len() == 2 && now.user(ADA).is_none() && now.sessions.is_empty(),
        }
    }

    /// The status of the same request, with the same cookie, after it has been done.
    fn status_when_repeated(self) -> StatusCode {
        match self {
            Self::Register | Self::RegisterAsGuest => StatusCode::CONFLICT,
            Self::SignIn | Self::SignInAsAnother | Self::SignOut => StatusCode::OK,
            // The cookie's id was exchanged for a new one, or its session is deleted.
            Self::Confirm | Self::ChangePassword | Self::DeleteAccount => StatusCode::UNAUTHORIZED,
            Self::Revoke => StatusCode::NOT_FOUND,
        }
    }

    /// The passwords that are tried after the request has been done, and how a sign-in with each is answered.
    fn passwords(self) -> &'static [(&'static str, StatusCode)] {
        match self {
            Self::ChangePassword => &[(NEW_PASSWORD, StatusCode::OK), (PASSWORD, StatusCode::UNAUTHORIZED)],
            Self::DeleteAccount => &[(PASSWORD, StatusCode::UNAUTHORIZED)],
            _ => &[(PASSWORD, StatusCode::OK)],
        }
    }
}

/// Kills the scenario's request after each of its statements. Returns the number of statements.
async fn walk(scenario: Scenario) -> Result<usize, String> {
    let walk = Walk::prepare(scenario).await;
    let (file, _) = walk.run(None)?;
    let (before, after) = (&walk.before, Snapshot::read(&file).await);
    if scenario.is_done(before, before) || !scenario.is_done(before, &after) || !after.is_whole() {
        return Err(format!("without a kill the request led from {before:#?} to {after:#?}"));
    }
    // The process may also be killed after the last statement, before the visitor has the answer.
    walk.check(&file, &after).await.map_err(|problem| format!("without a kill it left {problem}"))?;
    let mut statement = 1;
    while let (file, Some(text)) = walk.run(Some(statement))? {
        let checked = walk.check(&file, &after).await;
        checked.map_err(|problem| {
            format!("killed after statement {statement}, \"{text}\", it left {problem}")
        })?;
        statement += 1;
    }
    match statement - 1 {
        walked if walked < FEWEST_STATEMENTS => Err(format!("only {walked} statements were seen")),
        walked => Ok(walked),
    }
}

struct Walk {
    scenario: Scenario,
    folder: tempfile::TempDir,
    keys: String,
    call: Call,
    before: Snapshot,
}

impl Walk {
    async fn prepare(scenario: Scenario) -> Self {
        let (folder, keys) = (tempfile::tempdir().unwrap(), SigningKeys::generate());
        let file = folder.path().join("prepared.db");
        let app = App::open(&file, &keys, PREPARED_AT).await;
        let call = scenario.prepare(&app).await;
        app.close().await;
        let before = Snapshot::read(&file).await;
        Self { scenario, folder, keys, call, before }
    }

    /// Lets a child work on a copy of the prepared database. Returns the copy, and the text of the statement after which the child
    /// aborted, if it did.
    ///
    /// # Errors
    ///
    /// When the child failed in any other way, or the request was not answered by 200.
    fn run(&self, statement: Option<usize>) -> Result<(PathBuf, Option<String>), String> {
        let file = self.folder.path().join(format!("{}.db", statement.unwrap_or(0)));
        for suffix in ["", "-wal"] {
            let [from, to] = [self.folder.path().join("prepared.db"), file.clone()]
                .map(|path| PathBuf::from(format!("{}{suffix}", path.display())));
            if from.exists() {
                fs::copy(from, to).unwrap();
            }
        }
        let task = Task { file, keys: self.keys.clone(), call: self.call.clone(), statement };
        let mut child = Command::new(env::current_exe().unwrap());
        let output = child.env(TASK, serde_json::to_string(&task).unwrap()).output().unwrap();
        let text = fs::read_to_string(note(&task.file)).ok();
        if output.status.success() != text.is_none() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("with statement {statement:?} the child failed, {}: {said}", output.status));
        }
        Ok((task.file, text))
    }

    /// Checks what a killed child left behind, and that the request can be repeated.
    async fn check(&self, file: &Path, after: &Snapshot) -> Result<(), String> {
        let left = Snapshot::read(file).await;
        let state = left.compared_with(&self.before);
        let done = state == after.compared_with(&self.before);
        let undone = state == self.before.compared_with(&self.before);
        if !left.is_whole() || !(done || undone) {
            return Err(format!("something half done: {left:#?}"));
        }
        let app = App::open(file, &self.keys, SENT_AT).await;
        let (what, expected) = if done {
            ("all of it", self.scenario.status_when_repeated())
        } else {
            ("nothing of it", StatusCode::OK)
        };
        let answer = app.send(&self.call).await;
        if answer.status != expected {
            return Err(format!("{what}, but repeated it was answered by {} {}", answer.status, answer.body));
        }
        let repeated = Snapshot::read(file).await;
        if !repeated.is_whole() || !self.scenario.is_done(&self.before, &repeated) {
            return Err(format!("{what}, but repeated it led to {repeated:#?}"));
        }
        for (password, expected) in self.scenario.passwords() {
            let call = Browser::default().call("/api/auth/login", &credentials(ADA, password));
            let answer = app.send(&call).await;
            if answer.status != *expected {
                return Err(format!("{what}, but then {password} was answered by {}", answer.status));
            }
        }
        app.close().await;
        Ok(())
    }
}

/// What the database holds, without the time of the last use, which a request may note by itself.
#[derive(Clone, Debug, PartialEq)]
struct Snapshot {
    users: Vec<UserRow>,
    sessions: Vec<SessionRow>,
    exchanges: Vec<ExchangeRow>,
    // <shop>
    saved: Vec<SavedRow>,
    // </shop>
}

#[derive(Clone, Debug, FromRow, PartialEq, Eq, PartialOrd, Ord)]
struct UserRow {
    id: String,
    email: String,
    password_hash: String,
    password_version: i64,
}

#[derive(Clone, Debug, FromRow, PartialEq, Eq, PartialOrd, Ord)]
struct SessionRow {
    id: String,
    handle: String,
    owner: Option<String>,
    data: String,
    began_at: i64,
    ends_at: i64,
    remembered: i64,
}

/// An id that was exchanged for another one.
#[derive(Clone, Debug, FromRow, PartialEq, Eq, PartialOrd, Ord)]
struct ExchangeRow {
    id: String,
    successor: String,
}

// <shop>
/// A line of the cart that waits for the next sign-in.
#[derive(Clone, Debug, FromRow, PartialEq, Eq, PartialOrd, Ord)]
struct SavedRow {
    user_id: String,
    product_id: i64,
    quantity: i64,
}
// </shop>

impl Snapshot {
    async fn read(file: &Path) -> Self {
        let pool = SqlitePool::connect(&url(file)).await.unwrap();
        let snapshot = Self {
            users: rows(&pool, "select id, email, password_hash, password_version from users").await,
            sessions: rows(
                &pool,
                "select id, handle, owner, data, began_at, ends_at, remembered from sessions",
            )
            .await,
            exchanges: rows(&pool, "select id, successor from renewed_sessions").await,
            // <shop>
            saved: rows(&pool, "select user_id, product_id, quantity from saved_cart_lines").await,
            // </shop>
        };
        pool.close().await;
        snapshot
    }

    fn user(&self, email: &str) -> Option<&UserRow> {
        self.users.iter().find(|user| user.email == email)
    }

    fn sessions_of(&self, email: &str) -> Vec<&SessionRow> {
        let Some(user) = self.user(email) else { return Vec::new() };
        self.sessions.iter().filter(|session| session.owner.as_ref() == Some(&user.id)).collect()
    }

    fn has_handle(&self, handle: &str) -> bool {
        self.sessions.iter().any(|session| session.handle == handle)
    }

    // <shop>
    /// How many things a user has, in the carts of the sessions and in the one that is saved.
    fn items_of(&self, email: &str) -> i64 {
        let Some(user) = self.user(email) else { return 0 };
        let saved = self.saved.iter().filter(|line| line.user_id == user.id).map(|line| line.quantity);
        self.sessions_of(email).iter().map(|session| session.items()).sum::<i64>() + saved.sum::<i64>()
    }
    // </shop>

    /// Whether each session that has an owner is signed in, with the current password of an account that exists.
    fn is_whole(&self) -> bool {
        self.sessions.iter().all(|session| {
            session.owner.as_ref().is_none_or(|owner| {
                let mut users = self.users.iter();
                users.any(|user| {
                    user.id == *owner && session.sign_in()["password_version"] == user.password_version
                })
            })
        })
    }

    /// The snapshot in a form in which two databases are equal that differ only in the random texts added since `start`.
    fn compared_with(&self, start: &Self) -> Self {
        let known: BTreeSet<_> = start.clone().random_texts().into_iter().map(mem::take).collect();
        let mut snapshot = self.clone();
        for text in snapshot.random_texts() {
            if !known.contains(text.as_str()) {
                "new".clone_into(text);
            }
        }
        snapshot.users.sort();
        snapshot.sessions.sort();
        snapshot.exchanges.sort();
        // <shop>
        snapshot.saved.sort();
        // </shop>
        snapshot
    }

    /// The ids, handles and password hashes.
    fn random_texts(&mut self) -> Vec<&mut String> {
        let mut texts = Vec::new();
        for user in &mut self.users {
            texts.extend([&mut user.id, &mut user.password_hash]);
        }
        for session in &mut self.sessions {
            texts.extend([&mut session.id, &mut session.handle]);
            texts.extend(&mut session.owner);
        }
        for exchange in &mut self.exchanges {
            texts.extend([&mut exchange.id, &mut exchange.successor]);
        }
        // <shop>
        texts.extend(self.saved.iter_mut().map(|line| &mut line.user_id));
        // </shop>
        texts
    }
}

impl SessionRow {
    /// The value under a key; `null` where there is none.
    fn value(&self, key: &str) -> Value {
        let mut values: Value = serde_json::from_str(&self.data).unwrap();
        values[key]["d"].take()
    }

    fn sign_in(&self) -> Value {
        self.value("sign_in")
    }

    // <shop>
    fn items(&self) -> i64 {
        let cart = self.value("cart");
        let lines = cart["lines"].as_array().into_iter().flatten();
        lines.filter_map(|line| line["quantity"].as_i64()).sum()
    }
    // </shop>

    /// Whether it is a session of `before` under another id.
    fn has_new_id(&self, before: &Snapshot) -> bool {
        before.sessions.iter().any(|old| old.handle == self.handle && old.id != self.id)
    }
}

async fn rows<T>(pool: &SqlitePool, select: &'static str) -> Vec<T>
where
    T: Send + Unpin + for<'r> FromRow<'r, SqliteRow>,
{
    sqlx::query_as::<_, T>(select).fetch_all(pool).await.unwrap()
}

fn url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}
