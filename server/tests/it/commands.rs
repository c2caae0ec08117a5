//! The operator's commands, run while the server runs.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::running::{TestServer, cookie};

pub(crate) struct Outcome {
    pub(crate) success: bool,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Waits for the end of a session, which the server may cache for a second.
fn wait_for_end(has_ended: impl Fn() -> bool) {
    let start = Instant::now();
    while !has_ended() {
        assert!(start.elapsed() < Duration::from_secs(60), "the session is still alive");
    }
}

/// Runs a command of the server.
pub(crate) fn run(folder: &Path, arguments: &[&str], input: &str) -> Outcome {
    let mut child = Command::new(env!("CARGO_BIN_EXE_server"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("RUST_LOG", "warn")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Outcome {
        success: output.status.success(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Security: 7.4.5
#[test]
fn an_operator_adds_users_resets_passwords_and_ends_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let running = TestServer::start(folder);
    let add = ["users", "add", "--email", "ada@example.com", "--name", "Ada"];
    let outcome = run(folder, &add, "three-words-at-least\n");
    assert!(
        outcome.success && outcome.out == "made the user ada@example.com\n",
        "{} {}",
        outcome.out,
        outcome.err
    );
    let outcome = run(folder, &add, "three-words-at-least\n");
    assert!(
        !outcome.success && outcome.err == "there is a user ada@example.com already\n",
        "{}",
        outcome.err
    );
    let outcome = run(folder, &["users", "list"], "");
    assert_eq!(outcome.out, "ada@example.com\tAda\ndemo@example.com\tDemo\n");

    let sign_in =
        |password| running.post("/api/auth/login", "", &format!("email=ada@example.com&password={password}"));
    let session = cookie(&sign_in("three-words-at-least")).unwrap();
    assert!(running.get("/api/visitor/show", &session).contains("\"name\":\"Ada\""));
    let outcome = run(folder, &["sessions", "end", "--user", "Ada@example.com"], "");
    assert_eq!(
        (outcome.success, outcome.out.as_str()),
        (true, "ended 1 sessions of ada@example.com\n"),
        "{}",
        outcome.err
    );
    wait_for_end(|| running.get("/api/visitor/show", &session).contains("\"user\":null"));

    let session = cookie(&sign_in("three-words-at-least")).unwrap();
    let outcome = run(folder, &["users", "reset-password", "--email", "ada@example.com"], "password1\n");
    assert!(
        !outcome.success && outcome.err.starts_with("password: This password is very common"),
        "{}",
        outcome.err
    );
    let outcome =
        run(folder, &["users", "reset-password", "--email", "ada@example.com"], "four-words-are-better\n");
    assert!(outcome.success, "{}", outcome.err);
    wait_for_end(|| running.get("/api/visitor/show", &session).contains("\"user\":null"));
    assert!(sign_in("three-words-at-least").starts_with("HTTP/1.1 401"));
    let session = cookie(&sign_in("four-words-are-better")).unwrap();

    let guest = running.new_session();
    let outcome = run(folder, &["sessions", "end", "--all"], "");
    assert_eq!(outcome.out, "ended all 2 sessions\n");
    wait_for_end(|| running.get("/api/visitor/show", &session).contains("\"user\":null"));
    wait_for_end(|| running.get("/api/visitor/show", &guest).contains("\"theme\":\"system\""));
}

/// Security: 6.2.11
#[test]
fn an_operator_cannot_set_a_password_that_resembles_the_site_the_name_or_the_address() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let weak = ["Satchel2026!\n", "Lovelace1815\n", "countess!\n"];
    let add = ["users", "add", "--email", "countess@example.com", "--name", "Ada Lovelace"];
    for password in weak {
        let outcome = run(folder, &add, password);
        assert!(
            !outcome.success && outcome.err.starts_with("password: This password is too similar to"),
            "{}",
            outcome.err
        );
    }
    assert_eq!(run(folder, &["users", "list"], "").out, "", "no user was added");
    let outcome = run(folder, &add, "three-words-at-least\n");
    assert!(outcome.success, "{}", outcome.err);
    for password in weak {
        let outcome = run(folder, &["users", "reset-password", "--email", "countess@example.com"], password);
        assert!(
            !outcome.success && outcome.err.starts_with("password: This password is too similar to"),
            "{}",
            outcome.err
        );
    }
}

#[test]
fn a_wrong_command_prints_its_usage() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["sessions", "end"][..],
        &["users", "add"],
        &["start"],
        &["sessions", "end", "--all", "--user", "x"],
    ] {
        let outcome = run(folder.path(), arguments, "");
        assert!(!outcome.success && outcome.err.contains("Usage: server"), "{arguments:?}: {}", outcome.err);
    }
    let outcome = run(folder.path(), &["sessions", "end", "--user", "unknown@example.com"], "");
    assert!(!outcome.success && outcome.err == "there is no user unknown@example.com\n", "{}", outcome.err);
    let outcome = run(folder.path(), &["--help"], "");
    assert!(
        outcome.success && outcome.out.contains("sessions") && outcome.out.contains("users"),
        "{}",
        outcome.out
    );
}
