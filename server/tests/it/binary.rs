//! The real binary: how it starts, how it refuses to, and how it stops.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    thread::JoinHandle,
};

/// A server on a port that the system chose.
pub(crate) struct Running {
    child: Child,
    address: String,
    log: Option<JoinHandle<Vec<String>>>,
}

impl Running {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    pub(crate) fn start_with(folder: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = command(folder, &[("LEPTOS_SITE_ADDR", "127.0.0.1:0")]);
        command.envs(settings.iter().copied());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address =
            log.find_map(|line| Some(line.split_once("Satchel is at http://")?.1.trim().to_owned()));
        // The rest is read all the time: a full pipe would hold the server up.
        let log = Some(std::thread::spawn(move || log.collect()));
        Self { child, address: address.unwrap(), log }
    }

    /// Stops the server, and returns what it has logged since it was ready.
    pub(crate) fn log(mut self) -> Vec<String> {
        let log = self.log.take().unwrap();
        assert!(self.stop("-TERM"));
        log.join().unwrap()
    }

    /// Sends a request and returns the whole answer.
    pub(crate) fn send(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Calls a server function as a script does.
    pub(crate) fn post(&self, path: &str, cookie: &str, body: &str) -> String {
        let headers = "Host: satchel.test\r\nAccept: application/json\r\nConnection: close";
        let length = body.len();
        self.send(&format!(
            "POST {path} HTTP/1.1\r\n{headers}\r\nContent-Length: {length}\r\nCookie: {cookie}\r\n\r\n{body}"
        ))
    }

    /// Asks a server function that only reads.
    pub(crate) fn get(&self, path: &str, cookie: &str) -> String {
        let headers = "Host: satchel.test\r\nAccept: application/json\r\nConnection: close";
        self.send(&format!("GET {path} HTTP/1.1\r\n{headers}\r\nCookie: {cookie}\r\n\r\n"))
    }

    fn count_visit(&self, cookie: &str) -> String {
        self.post("/api/visits/record", cookie, "")
    }

    fn stop(mut self, signal: &str) -> bool {
        Command::new("kill").arg(signal).arg(self.child.id().to_string()).status().unwrap();
        self.child.wait().unwrap().success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Gone already after `stop`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(folder: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command.current_dir(folder).env_clear().envs(settings.iter().copied());
    command
}

/// Starts a server that must refuse to, and returns what it says.
fn refusal(folder: &Path, settings: &[(&str, &str)]) -> String {
    let output = command(folder, settings).output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_restart_keeps_sessions_and_a_signal_stops_the_server_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let first = Running::start(folder.path());
    let answer = first.count_visit("");
    assert!(answer.contains("\"count\":1"), "{answer}");
    let cookie = answer.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap().to_owned();
    assert!(first.stop("-TERM"));

    let second = Running::start(folder.path());
    let answer = second.count_visit(&cookie);
    assert!(answer.contains("\"count\":2"), "{answer}");
    assert!(second.stop("-INT"));
}

#[test]
fn a_second_server_on_the_port_stops_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path());
    let said = refusal(folder.path(), &[("LEPTOS_SITE_ADDR", &running.address)]);
    assert_eq!(
        said,
        format!(
            "Satchel cannot start: {} is in use. Stop the other server, or set LEPTOS_SITE_ADDR.\n",
            running.address
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
