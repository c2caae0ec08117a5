//! Starting and stopping the real binary.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader},
    os::unix::ffi::OsStrExt,
    path::Path,
    process::{Command, Stdio},
};

use session::SigningKeys;

use crate::running::{TestServer, command};

/// Starts a server that must fail, and returns its error message.
pub(crate) fn refusal(folder: &Path, settings: &[(&str, &str)]) -> String {
    refused(command(folder, settings))
}

/// Like [`refusal`], for a command that becomes the server.
pub(crate) fn refused(mut command: Command) -> String {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    if let Some(line) = log.find(|line| line.contains("Satchel is at")) {
        child.kill().unwrap();
        child.wait().unwrap();
        panic!("the server started: {line}");
    }
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_restart_keeps_sessions_and_a_signal_stops_the_server_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let first = TestServer::start(folder.path());
    let cookie = first.new_session();
    assert!(first.stop("-TERM"));

    let second = TestServer::start(folder.path());
    let visitor = second.get("/api/visitor/show", &cookie);
    assert!(visitor.contains("\"theme\":\"dark\""), "{visitor}");
    assert!(second.stop("-INT"));
}

#[test]
fn a_port_in_use_stops_the_server_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let running = TestServer::start(folder.path());
    let message = refusal(folder.path(), &[("LEPTOS_SITE_ADDR", running.address())]);
    assert_eq!(
        message,
        format!(
            "Satchel cannot start: {} is in use. Stop the other server, or set LEPTOS_SITE_ADDR.\n",
            running.address()
        )
    );
}

#[test]
fn a_database_that_cannot_be_opened_stops_the_server_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let settings = |url| [("LEPTOS_SITE_ADDR", "127.0.0.1:0"), ("DATABASE_URL", url)];
    // A file in place of the folder, which not even root can write to.
    std::fs::write(folder.path().join("file"), "").unwrap();
    let message = refusal(folder.path(), &settings("sqlite://file/satchel.db"));
    assert!(
        message
            .starts_with("Satchel cannot start: cannot open the database file/satchel.db (DATABASE_URL): "),
        "{message}"
    );
    assert_eq!(message.lines().count(), 1, "{message}");

    std::fs::write(
        folder.path().join("broken.db"),
        "this is no database, but long enough to look like one".repeat(50),
    )
    .unwrap();
    let message = refusal(folder.path(), &settings("sqlite://broken.db"));
    assert!(message.contains("broken.db"), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn an_invalid_setting_stops_the_server_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let message = refusal(folder.path(), &[("LEPTOS_ENV", "PROD"), ("CLIENT_IP_SOURCE", "XRealIp")]);
    assert!(
        message.starts_with("Satchel cannot start: SESSION_KEYS is missing. Make a key with: openssl"),
        "{message}"
    );
    let message =
        refusal(folder.path(), &[("LEPTOS_ENV", "PROD"), ("SESSION_KEYS", &SigningKeys::generate())]);
    assert!(
        message
            .starts_with("Satchel cannot start: CLIENT_IP_SOURCE is missing. Name the header that the proxy"),
        "{message}"
    );
    std::fs::write(folder.path().join(".env"), "SESSION_IDLE_MINUTES=soon\nLEPTOS_SITE_ADDR=here\n").unwrap();
    let message = refusal(folder.path(), &[]);
    std::fs::write(folder.path().join(".env"), "SESSION_KEYS=hunter2 and more\n").unwrap();
    let unreadable = refusal(folder.path(), &[]);
    assert!(unreadable.contains(".env cannot be read") && !unreadable.contains("hunter2"), "{unreadable}");
    assert!(
        message.contains("SESSION_IDLE_MINUTES is \"soon\"")
            && message.contains("LEPTOS_SITE_ADDR is \"here\""),
        "{message}"
    );
}

/// Security: 6.3.2
#[test]
fn a_dot_env_file_that_sets_production_stops_the_server_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKeys::generate();
    let all = format!("LEPTOS_ENV=PROD\nCLIENT_IP_SOURCE=XRealIp\nSESSION_KEYS={key}\n");
    // The server stops even if the environment overrides the file.
    let environments: [&[(&str, &str)]; 3] = [&[], &[("LEPTOS_ENV", "")], &[("LEPTOS_ENV", "DEV")]];
    for text in [all.as_str(), "LEPTOS_ENV=production\n"] {
        std::fs::write(folder.path().join(".env"), text).unwrap();
        for environment in environments {
            let message = refusal(folder.path(), environment);
            let cure = ".env sets LEPTOS_ENV to production. Set LEPTOS_ENV in the environment";
            assert!(message.contains(cure) && !message.contains(&key), "{message}");
        }
    }
}

#[test]
fn production_does_not_read_the_dot_env_file() {
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKeys::generate();
    std::fs::write(folder.path().join(".env"), "CLIENT_IP_SOURCE=ConnectInfo\n").unwrap();
    let mut settings = vec![("LEPTOS_ENV", "PROD"), ("SESSION_KEYS", key.as_str())];
    let message = refusal(folder.path(), &settings);
    assert!(message.starts_with("Satchel cannot start: CLIENT_IP_SOURCE is missing"), "{message}");

    settings.push(("CLIENT_IP_SOURCE", "XRealIp"));
    std::fs::write(folder.path().join(".env"), "LEPTOS_ENV=PROD\nSESSION_IDLE_MINUTES=soon\n").unwrap();
    assert!(TestServer::start_with(folder.path(), &settings).stop("-TERM"));
}

#[test]
fn an_environment_that_is_not_utf_8_is_reported_and_does_not_become_development() {
    let folder = tempfile::tempdir().unwrap();
    let mut start = command(folder.path(), &[]);
    start.env("LEPTOS_ENV", OsStr::from_bytes(b"PROD\xff"));
    let message = refused(start);
    assert!(
        message.starts_with("Satchel cannot start: LEPTOS_ENV is \"PROD\u{fffd}\". Set DEV or PROD"),
        "{message}"
    );
}

// A release build refuses it, which bin/test checks.
#[test]
fn a_debug_build_in_development_may_listen_on_a_public_address() {
    let folder = tempfile::tempdir().unwrap();
    // A command reads the same settings, and does not listen.
    let mut list = command(folder.path(), &[("LEPTOS_SITE_ADDR", "0.0.0.0:3000")]);
    let output = list.args(["users", "list"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}
