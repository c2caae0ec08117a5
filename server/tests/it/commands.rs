//! What operators do by the real binary, while the server runs.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::running::Running;

pub(crate) struct Said {
    pub(crate) success: bool,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A server that has the database for itself may keep for a second what it has read.
fn wait_for_end(has_ended: impl Fn() -> bool) {
    let asked = Instant::now();
    while !has_ended() {
        assert!(asked.elapsed() < Duration::from_secs(60), "the session goes on");
    }
}

/// Runs a command to its end.
pub(crate) fn server(folder: &Path, arguments: &[&str], input: &str) -> Said {
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
    Said {
        success: output.status.success(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The cookie that an answer sets.
pub(crate) fn cookie(answer: &str) -> String {
    answer.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap().to_owned()
}

/// Security: 7.4.5
#[test]
fn an_operator_makes_users_resets_passwords_and_ends_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let running = Running::start(folder);
    let add = ["users", "add", "--email", "ada@example.com", "--name", "Ada"];
    let said = server(folder, &add, "three-words-at-least\n");
    assert!(said.success && said.out == "made the user ada@example.com\n", "{} {}", said.out, said.err);
    let said = server(folder, &add, "three-words-at-least\n");
    assert!(!said.success && said.err == "there is a user ada@example.com already\n", "{}", said.err);
    let said = server(folder, &["users", "list"], "");
    assert_eq!(said.out, "ada@example.com\tAda\ndemo@example.com\tDemo\n");

    let sign_in =
        |password| running.post("/api/auth/login", "", &format!("email=ada@example.com&password={password}"));
    let session = cookie(&sign_in("three-words-at-least"));
    assert!(running.get("/api/visitor/show", &session).contains("\"name\":\"Ada\""));
    let said = server(folder, &["sessions", "end", "--user", "Ada@example.com"], "");
    assert_eq!(
        (said.success, said.out.as_str()),
        (true, "ended 1 sessions of ada@example.com\n"),
        "{}",
        said.err
    );
    wait_for_end(|| running.get("/api/visitor/show", &session).contains("\"user\":null"));

    let session = cookie(&sign_in("three-words-at-least"));
    let said = server(folder, &["users", "reset-password", "--email", "ada@example.com"], "password1\n");
    assert!(!said.success && said.err.starts_with("password: This password is very common"), "{}", said.err);
    let said =
        server(folder, &["users", "reset-password", "--email", "ada@example.com"], "four-words-are-better\n");
    assert!(said.success, "{}", said.err);
    wait_for_end(|| running.get("/api/visitor/show", &session).contains("\"user\":null"));
    assert!(sign_in("three-words-at-least").starts_with("HTTP/1.1 401"));
    let session = cookie(&sign_in("four-words-are-better"));

    let guest = cookie(&running.begin_session(""));
    let said = server(folder, &["sessions", "end", "--all"], "");
    assert_eq!(said.out, "ended all 2 sessions\n");
    wait_for_end(|| running.get("/api/visitor/show", &session).contains("\"user\":null"));
    wait_for_end(|| running.get("/api/visitor/show", &guest).contains("\"theme\":\"system\""));
}

/// Security: 6.2.11
#[test]
fn an_operator_cannot_give_a_password_made_of_the_site_the_name_or_the_address() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let weak = ["Satchel2026!\n", "Lovelace1815\n", "countess!\n"];
    let add = ["users", "add", "--email", "countess@example.com", "--name", "Ada Lovelace"];
    for password in weak {
        let said = server(folder, &add, password);
        assert!(
            !said.success && said.err.starts_with("password: This password is too similar to"),
            "{}",
            said.err
        );
    }
    assert_eq!(server(folder, &["users", "list"], "").out, "", "no user was made");
    let said = server(folder, &add, "three-words-at-least\n");
    assert!(said.success, "{}", said.err);
    for password in weak {
        let said = server(folder, &["users", "reset-password", "--email", "countess@example.com"], password);
        assert!(
            !said.success && said.err.starts_with("password: This password is too similar to"),
            "{}",
            said.err
        );
    }
}

#[test]
fn a_wrong_command_says_how_it_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["sessions", "end"][..],
        &["users", "add"],
        &["start"],
        &["sessions", "end", "--all", "--user", "x"],
    ] {
        let said = server(folder.path(), arguments, "");
        assert!(!said.success && said.err.contains("Usage: server"), "{arguments:?}: {}", said.err);
    }
    let said = server(folder.path(), &["sessions", "end", "--user", "unknown@example.com"], "");
    assert!(!said.success && said.err == "there is no user unknown@example.com\n", "{}", said.err);
    let said = server(folder.path(), &["--help"], "");
    assert!(said.success && said.out.contains("sessions") && said.out.contains("users"), "{}", said.out);
}
