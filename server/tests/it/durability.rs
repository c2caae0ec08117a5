//! Confirmed changes are on the disk, where they survive a power cut: strace counts the calls of `fsync` and `fdatasync`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use crate::{
    client::PASSWORD,
    running::{TestServer, command, cookie, status},
};

/// A server function that changes the session, and two forms for it.
const CHANGE: &str = "/api/preferences/theme";
const FORMS: [&str; 2] = ["theme=light", "theme=dark"];

/// A server under strace.
struct Traced {
    server: TestServer,
    trace: PathBuf,
}

impl Traced {
    /// Starts the server with these options of strace.
    fn start(folder: &Path, options: &[&str]) -> Self {
        let version = Command::new("strace").arg("--version").output();
        assert!(version.is_ok(), "strace is missing: bin/setup installs it ({version:?})");
        let trace = folder.join("strace.log");
        let mut strace = Command::new("strace");
        // With -D the process becomes the server. With --seccomp-bpf only the traced calls are slower.
        strace.args(["-D", "-f", "--seccomp-bpf", "-e", "trace=fsync,fdatasync", "-o"]).arg(&trace);
        strace.args(options).arg(command(folder, &[]).get_program()).current_dir(folder).env_clear();
        if let Some(path) = env::var_os("PATH") {
            strace.env("PATH", path);
        }
        let server = TestServer::launch(strace);
        let process = fs::read_to_string(format!("/proc/{}/status", server.process())).unwrap();
        let tracer = process.lines().find_map(|line| line.strip_prefix("TracerPid:")).unwrap();
        assert_ne!(tracer.trim(), "0", "strace cannot trace the server: this system does not permit ptrace");
        Self { server, trace }
    }

    /// The number of syncs until now. strace writes each line before the server continues.
    fn syncs(&self) -> usize {
        let trace = fs::read_to_string(&self.trace).unwrap();
        // An interrupted call has another line for its beginning.
        trace.lines().filter(|line| line.contains("sync") && line.contains(" = 0")).count()
    }

    /// Calls a server function, and checks that its change is on the disk before the response.
    fn post(&self, path: &str, cookie: &str, body: &str) -> String {
        let before = self.syncs();
        let response = self.server.post(path, cookie, body);
        assert_eq!(status(&response), 200, "{path}: {response}");
        assert!(self.syncs() > before, "{path}: confirmed before it was on the disk");
        response
    }

    fn new_session(&self) -> String {
        cookie(&self.post(CHANGE, "", "theme=dark")).unwrap()
    }
}

/// Security: power cuts
#[test]
fn each_of_a_hundred_changes_is_on_the_disk_before_its_response() {
    let folder = tempfile::tempdir().unwrap();
    let server = Traced::start(folder.path(), &[]);
    let visitor = server.new_session();
    let before = server.syncs();
    for number in 0..100 {
        server.post(CHANGE, &visitor, FORMS[number % 2]);
    }
    let syncs = server.syncs() - before;
    assert!(syncs >= 100, "{syncs} for 100 changes");
}

/// Security: 7.4.1, power cuts
#[test]
fn account_changes_and_sign_outs_are_on_the_disk_before_their_responses() {
    const NEW: &str = "another-three-words";

    let folder = tempfile::tempdir().unwrap();
    let server = Traced::start(folder.path(), &[]);
    let account = format!("name=Ada&email=ada@example.com&password={PASSWORD}");
    let ada = cookie(&server.post("/api/auth/register", "", &account)).unwrap();
    // <shop>
    server.post("/api/cart/add", &ada, "product=3&quantity=2");
    server.post("/api/orders/place", &ada, &format!("token={}", "t".repeat(20)));
    // </shop>
    let change = format!("current={PASSWORD}&new={NEW}");
    let ada = cookie(&server.post("/api/auth/password", &ada, &change)).unwrap();
    server.post("/api/auth/logout", &ada, "");
    let sign_in = format!("email=ada@example.com&password={NEW}");
    let ada = cookie(&server.post("/api/auth/login", "", &sign_in)).unwrap();
    server.post("/api/auth/delete", &ada, &format!("password={NEW}"));
}

#[test]
fn concurrent_changes_are_written_to_the_disk_together() {
    const VISITORS: usize = 20;
    const CHANGES: usize = 10;

    let folder = tempfile::tempdir().unwrap();
    // A sync takes 100 ms, so that other changes arrive during it.
    let server = Traced::start(folder.path(), &["-e", "inject=fsync,fdatasync:delay_enter=100000"]);
    let visitors: Vec<_> = (0..VISITORS).map(|_| server.new_session()).collect();
    let before = server.syncs();
    thread::scope(|scope| {
        for visitor in &visitors {
            let server = &server;
            scope.spawn(move || {
                for number in 0..CHANGES {
                    server.post(CHANGE, visitor, FORMS[number % 2]);
                }
            });
        }
    });
    let syncs = server.syncs() - before;
    println!("{syncs} syncs for {CHANGES} changes of each of {VISITORS} visitors");
    // Changes of one visitor are sequential. Up to 32 changes of different visitors are one commit.
    let expected = CHANGES..=VISITORS * CHANGES / 2;
    assert!(expected.contains(&syncs), "{syncs} syncs, not {expected:?}");
}
