//! Kills the app after each SQL statement of a request, and checks that each request is done completely or not at all.
//!
//! The binary starts itself. The parent prepares a database for each scenario and gives a copy of it to a child, which aborts after a
//! given statement. The parent then compares the database with its state before and after the complete request.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "there is no test harness that prints")]

mod client;
mod scenario;
mod snapshot;

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
    process::{self, Command, ExitCode},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use session::SigningKeys;
use tokio::runtime::{Builder, Runtime};
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

use crate::{
    client::{ADA, App, Browser, Call, credentials},
    scenario::Scenario,
    snapshot::Snapshot,
};

/// The time of the preparation, in seconds since 1970.
const PREPARED_AT: i64 = 1_795_255_509;
/// The time of the request: later, but soon enough that the password needs no confirmation.
const SENT_AT: i64 = PREPARED_AT + 30;

/// Every request has more statements. Fewer mean that the count does not work.
const MIN_STATEMENTS: usize = 3;

/// The environment variable that makes this process a child. Its value is a [`Task`].
const TASK: &str = "KILLED_TASK";

fn main() -> ExitCode {
    if let Ok(task) = env::var(TASK) {
        return runtime().block_on(run_child(serde_json::from_str(&task).unwrap()));
    }
    if !is_selected(env::args().skip(1)) {
        return ExitCode::SUCCESS;
    }
    let results = thread::scope(|scope| {
        let threads = Scenario::ALL.map(|scenario| scope.spawn(move || runtime().block_on(test(scenario))));
        threads
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a panic, which is printed above".to_owned())))
    });
    let mut exit = ExitCode::SUCCESS;
    for (scenario, result) in Scenario::ALL.iter().zip(results) {
        match result {
            Ok(statements) => println!("killed: {}: {statements} statements", scenario.name()),
            Err(problem) => {
                eprintln!("killed: {}: FAILED: {problem}", scenario.name());
                exit = ExitCode::FAILURE;
            }
        }
    }
    exit
}

/// Whether the arguments, which are those of the test harness, select this test. A word after an option may be its value, so it does not
/// count as the name of a test.
fn is_selected(arguments: impl Iterator<Item = String>) -> bool {
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

/// The task of a child.
#[derive(Deserialize, Serialize)]
struct Task {
    file: PathBuf,
    keys: String,
    call: Call,
    /// The number of the statement after which the child aborts, from 1; `None` lets it finish.
    statement: Option<usize>,
}

/// Sends the request, and returns success if the status is 200.
async fn run_child(task: Task) -> ExitCode {
    // An abort must not write core files.
    #[cfg(unix)]
    rlimit::setrlimit(rlimit::Resource::CORE, 0, 0).unwrap();
    let app = App::open(&task.file, &task.keys, SENT_AT).await;
    let killer = Killer { statement: task.statement, seen: AtomicUsize::new(0), note: note(&task.file) };
    // After the start, so that its statements do not count.
    set_global_default(registry().with(killer)).unwrap();
    let response = app.send(&task.call).await;
    // Waits until each connection has logged its last statement.
    app.close().await;
    if response.status == StatusCode::OK {
        return ExitCode::SUCCESS;
    }
    eprintln!("{} {}", response.status, response.body);
    ExitCode::FAILURE
}

/// The file in which a child saves the statement after which it aborts.
fn note(database: &Path) -> PathBuf {
    database.with_extension("statement")
}

/// Counts the statements that sqlx logs, and aborts the process after one of them. `begin` and `commit` are not logged, so a transaction is
/// committed between its last statement and the next one.
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
        // Like SIGKILL, and unlike a panic or `exit`, this runs no destructor: no rollback, no closed connection.
        process::abort();
    }
}

#[derive(Default)]
struct StatementText(String);

impl Visit for StatementText {
    fn record_str(&mut self, field: &Field, value: &str) {
        // A statement of up to four words is in the summary; then the second field is empty.
        if matches!(field.name(), "summary" | "db.statement") && !value.is_empty() {
            self.0 = value.split_whitespace().collect::<Vec<_>>().join(" ");
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// Kills the scenario's request after each of its statements. Returns the number of statements.
async fn test(scenario: Scenario) -> Result<usize, String> {
    let test = Test::prepare(scenario).await;
    let (file, _) = test.run(None)?;
    let (before, after) = (&test.before, Snapshot::read(&file).await);
    if scenario.is_done(before, before) || !scenario.is_done(before, &after) || !after.is_consistent() {
        return Err(format!("without a kill the request led from {before:#?} to {after:#?}"));
    }
    // The process may also be killed after the last statement, before the visitor gets the response.
    test.check(&file, &after).await.map_err(|problem| format!("without a kill it left {problem}"))?;
    let mut statement = 1;
    while let (file, Some(text)) = test.run(Some(statement))? {
        let result = test.check(&file, &after).await;
        result.map_err(|problem| {
            format!("killed after statement {statement}, \"{text}\", it left {problem}")
        })?;
        statement += 1;
    }
    match statement - 1 {
        count if count < MIN_STATEMENTS => Err(format!("only {count} statements were logged")),
        count => Ok(count),
    }
}

struct Test {
    scenario: Scenario,
    folder: tempfile::TempDir,
    keys: String,
    call: Call,
    before: Snapshot,
}

impl Test {
    async fn prepare(scenario: Scenario) -> Self {
        let (folder, keys) = (tempfile::tempdir().unwrap(), SigningKeys::generate());
        let file = folder.path().join("prepared.db");
        let app = App::open(&file, &keys, PREPARED_AT).await;
        let call = scenario.prepare(&app).await;
        app.close().await;
        let before = Snapshot::read(&file).await;
        Self { scenario, folder, keys, call, before }
    }

    /// Runs a child on a copy of the prepared database. Returns the copy, and the statement after which the child aborted, if it did. It is
    /// an error if the child failed in another way.
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
            let message = String::from_utf8_lossy(&output.stderr);
            return Err(format!(
                "with statement {statement:?} the child failed, {}: {message}",
                output.status
            ));
        }
        Ok((task.file, text))
    }

    /// Checks the database of a killed child, and that the request can be repeated.
    async fn check(&self, file: &Path, after: &Snapshot) -> Result<(), String> {
        let left = Snapshot::read(file).await;
        let state = left.normalized(&self.before);
        let done = state == after.normalized(&self.before);
        let undone = state == self.before.normalized(&self.before);
        if !left.is_consistent() || !(done || undone) {
            return Err(format!("an incomplete change: {left:#?}"));
        }
        let app = App::open(file, &self.keys, SENT_AT).await;
        let (what, expected) = if done {
            ("a complete change", self.scenario.status_when_repeated())
        } else {
            ("no change", StatusCode::OK)
        };
        let response = app.send(&self.call).await;
        if response.status != expected {
            return Err(format!(
                "{what}, but the repeated request got {} {}",
                response.status, response.body
            ));
        }
        let repeated = Snapshot::read(file).await;
        if !repeated.is_consistent() || !self.scenario.is_done(&self.before, &repeated) {
            return Err(format!("{what}, but the repeated request led to {repeated:#?}"));
        }
        for (password, expected) in self.scenario.passwords() {
            let call = Browser::default().call("/api/auth/login", &credentials(ADA, password));
            let response = app.send(&call).await;
            if response.status != *expected {
                return Err(format!("{what}, but a sign-in with {password} got {}", response.status));
            }
        }
        app.close().await;
        Ok(())
    }
}

fn url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}
