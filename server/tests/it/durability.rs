//! What the server has answered is on the disk, where a power cut leaves it: strace counts how often the real binary waits for the
//! disk, by `fsync` or `fdatasync`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use crate::{
    client::PASSWORD,
    faults::status,
    running::{Running, command, cookie},
};

/// A server function that changes the session, and two forms for it.
const CHANGE: &str = "/api/preferences/theme";
const FORMS: [&str; 2] = ["theme=light", "theme=dark"];

/// A server under strace.
struct Traced {
    server: Running,
    trace: PathBuf,
}

impl Traced {
    /// Starts the server in `folder`. The `options` are strace's.
    fn start(folder: &Path, options: &[&str]) -> Self {
        let version = Command::new("strace").arg("--version").output();
        assert!(version.is_ok(), "strace is missing: bin/setup installs it ({version:?})");
        let trace = folder.join("strace.log");
        let mut strace = Command::new("strace");
        // With -D this process becomes the server. With --seccomp-bpf only the calls that are traced are slower.
        strace.args(["-D", "-f", "--seccomp-bpf", "-e", "trace=fsync,fdatasync", "-o"]).arg(&trace);
        strace.args(options).arg(command(folder, &[]).get_program()).current_dir(folder).env_clear();
        if let Some(path) = env::var_os("PATH") {
            strace.env("PATH", path);
        }
        let server = Running::launch(strace);
        let process = fs::read_to_string(format!("/proc/{}/status", server.process())).unwrap();
        let tracer = process.lines().find_map(|line| line.strip_prefix("TracerPid:")).unwrap();
        assert_ne!(tracer.trim(), "0", "strace cannot trace the server: this system does not permit ptrace");
        Self { server, trace }
    }

    /// How often the server has waited for the disk. strace writes its line before the server goes on.
    fn syncs(&self) -> usize {
        let trace = fs::read_to_string(&self.trace).unwrap();
        // A call that other threads' calls interrupt has a line for its beginning, too.
        trace.lines().filter(|line| line.contains("sync") && line.contains(" = 0")).count()
    }

    /// Calls a server function that changes something. The change must be on the disk when the answer is there.
    fn post(&self, path: &str, cookie: &str, body: &str) -> String {
        let before = self.syncs();
        let answer = self.server.post(path, cookie, body);
        assert_eq!(status(&answer), 200, "{path}: {answer}");
        assert!(self.syncs() > before, "{path}: answered before it was on the disk");
        answer
    }

    /// A visitor with a session, by the session's cookie.
    fn new_visitor(&self) -> String {
        cookie(&self.post(CHANGE, "", "theme=dark")).unwrap()
    }
}

/// Security: power cuts
#[test]
fn each_of_a_hundred_changes_is_on_the_disk_when_it_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let server = Traced::start(folder.path(), &[]);
    let visitor = server.new_visitor();
    let before = server.syncs();
    for number in 0..100 {
        server.post(CHANGE, &visitor, FORMS[number % 2]);
    }
    let syncs = server.syncs() - before;
    assert!(syncs >= 100, "{syncs} for 100 changes");
}

/// Security: 7.4.1, power cuts
#[test]
fn changes_of_an_account_and_a_sign_out_are_on_the_disk_when_they_are_answered() {
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
fn changes_at_the_same_time_go_to_the_disk_together() {
    const VISITORS: usize = 20;
    const CHANGES: usize = 10;

    let folder = tempfile::tempdir().unwrap();
    // A disk that takes 100 ms, so that the changes of the others arrive while it writes the first.
    let server = Traced::start(folder.path(), &["-e", "inject=fsync,fdatasync:delay_enter=100000"]);
    let visitors: Vec<_> = (0..VISITORS).map(|_| server.new_visitor()).collect();
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
    // Those of one visitor come one after the other. Up to 32 of different visitors are one commit.
    let expected = CHANGES..=VISITORS * CHANGES / 2;
    assert!(expected.contains(&syncs), "{syncs} syncs, not {expected:?}");
}
