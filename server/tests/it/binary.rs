//! The real binary: how it starts, how it refuses to, and how it stops.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use crate::running::{Running, command};

const VISIT: &str = "/api/visits/record";

/// Starts a server that must refuse to, and returns what it says.
pub(crate) fn refusal(folder: &Path, settings: &[(&str, &str)]) -> String {
    refused(command(folder, settings))
}

/// The same of a command that becomes the server.
pub(crate) fn refused(mut command: Command) -> String {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    if let Some(line) = log.find(|line| line.contains("Satchel is at")) {
        child.kill().unwrap();
        panic!("it has started: {line}");
    }
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_restart_keeps_sessions_and_a_signal_stops_the_server_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let first = Running::start(folder.path());
    let answer = first.post(VISIT, "", "");
    assert!(answer.contains("\"count\":1"), "{answer}");
    let cookie = answer.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap().to_owned();
    assert!(first.stop("-TERM"));

    let second = Running::start(folder.path());
    let answer = second.post(VISIT, &cookie, "");
    assert!(answer.contains("\"count\":2"), "{answer}");
    assert!(second.stop("-INT"));
}

#[test]
fn a_second_server_on_the_port_stops_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path());
    let said = refusal(folder.path(), &[("LEPTOS_SITE_ADDR", running.address())]);
    assert_eq!(
        said,
        format!(
            "Satchel cannot start: {} is in use. Stop the other server, or set LEPTOS_SITE_ADDR.\n",
            running.address()
        )
    );
}

#[test]
fn a_database_that_cannot_be_made_stops_the_server_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let settings = |url| [("LEPTOS_SITE_ADDR", "127.0.0.1:0"), ("DATABASE_URL", url)];
    // A file where a folder is needed: root may write everywhere, but not there.
    std::fs::write(folder.path().join("file"), "").unwrap();
    let said = refusal(folder.path(), &settings("sqlite://file/satchel.db"));
    assert!(
        said.starts_with("Satchel cannot start: cannot open the database file/satchel.db (DATABASE_URL): "),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");

    std::fs::write(
        folder.path().join("broken.db"),
        "this is no database, but long enough to look like one".repeat(50),
    )
    .unwrap();
    let said = refusal(folder.path(), &settings("sqlite://broken.db"));
    assert!(said.contains("broken.db"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_broken_setting_stops_the_server_with_its_cure() {
    let folder = tempfile::tempdir().unwrap();
    let said = refusal(folder.path(), &[("LEPTOS_ENV", "PROD")]);
    assert!(
        said.starts_with("Satchel cannot start: SESSION_KEYS is missing. Make a key with: openssl"),
        "{said}"
    );
    std::fs::write(folder.path().join(".env"), "SESSION_IDLE_MINUTES=soon\nLEPTOS_SITE_ADDR=here\n").unwrap();
    let said = refusal(folder.path(), &[]);
    std::fs::write(folder.path().join(".env"), "SESSION_KEYS=hunter2 and more\n").unwrap();
    let unreadable = refusal(folder.path(), &[]);
    assert!(unreadable.contains(".env cannot be read") && !unreadable.contains("hunter2"), "{unreadable}");
    assert!(
        said.contains("SESSION_IDLE_MINUTES is \"soon\"") && said.contains("LEPTOS_SITE_ADDR is \"here\""),
        "{said}"
    );
}
