//! Failures of the real binary and its database: confirmed writes survive, other requests get an error, and the server recovers.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use axum::http::StatusCode;
use time::Duration;

use crate::{
    binary::{refusal, refused},
    client::TestApp,
    database::Database,
    running::{TestServer, command, exchange, post, status},
};

/// Clients that write at the same time.
const WRITERS: usize = 8;

/// The themes that a client sets in turn.
const THEMES: [&str; 3] = ["dark", "light", "system"];

/// A client and the number of its confirmed changes. Change number `n` sets theme number `n - 1`.
struct Client {
    cookie: String,
    changes: usize,
}

fn theme_of(server: &TestServer, cookie: &str) -> String {
    let response = server.get("/api/visitor/show", cookie);
    let theme = response.split("\"theme\":\"").nth(1).unwrap_or_else(|| panic!("no theme in {response}"));
    theme.split('"').next().unwrap().to_owned()
}

/// Whether the whole response has arrived.
fn is_complete(response: &str) -> bool {
    let Some((head, body)) = response.split_once("\r\n\r\n") else { return false };
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    length.is_some_and(|length| length.parse() == Ok(body.len()))
}

/// Lets clients change their sessions until `end` stops the server, and returns the clients.
fn change_until(server: TestServer, end: impl FnOnce(TestServer)) -> Vec<Client> {
    let cookies: Vec<_> = (0..WRITERS).map(|_| server.new_session()).collect();
    let (address, over) = (server.address().to_owned(), AtomicBool::new(false));
    let warmed_up = std::sync::Barrier::new(WRITERS + 1);
    thread::scope(|scope| {
        let clients: Vec<_> = cookies
            .into_iter()
            .map(|cookie| {
                let (address, over, warmed_up) = (&address, &over, &warmed_up);
                scope.spawn(move || {
                    let mut client = Client { cookie, changes: 1 };
                    let mut send = || {
                        let form = format!("theme={}", THEMES[client.changes % THEMES.len()]);
                        let response =
                            exchange(address, &post("/api/preferences/theme", &client.cookie, &form));
                        match response {
                            Ok(response) if is_complete(&response) => {
                                assert_eq!(status(&response), 200, "{response}");
                                client.changes += 1;
                                true
                            }
                            // The server closed the connection without a response.
                            Ok(response) => {
                                assert!(response.is_empty(), "an incomplete response: {response}");
                                false
                            }
                            Err(_) => false,
                        }
                    };
                    for _ in 0..20 {
                        assert!(send(), "the server stopped too early");
                    }
                    warmed_up.wait();
                    while send() || !over.load(Ordering::Relaxed) {}
                    client
                })
            })
            .collect();
        warmed_up.wait();
        end(server);
        over.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

/// Restarts the server, and checks that each session has its last confirmed change or one of at most `more` unconfirmed ones.
fn expect_kept(folder: &Path, clients: &[Client], more: usize) {
    let server = TestServer::start(folder);
    for Client { cookie, changes } in clients {
        let theme = theme_of(&server, cookie);
        let expected: Vec<_> =
            (*changes..=changes + more).map(|number| THEMES[(number - 1) % THEMES.len()]).collect();
        assert!(expected.contains(&&*theme), "{theme} after {changes} changes, not {expected:?}");
    }
    let database = Database::open(&folder.join("data/satchel.db"));
    database.expect_intact();
    // <shop>
    database.expect_whole_orders();
    // </shop>
}

#[test]
fn a_killed_server_keeps_every_confirmed_write() {
    let folder = tempfile::tempdir().unwrap();
    let clients = change_until(TestServer::start(folder.path()), |server| {
        server.stop("-KILL");
    });
    // Each client may have an unconfirmed change.
    expect_kept(folder.path(), &clients, 1);
}

#[test]
fn a_stopping_server_finishes_running_requests_and_refuses_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let clients = change_until(TestServer::start(folder.path()), |server| assert!(server.stop("-TERM")));
    expect_kept(folder.path(), &clients, 0);
}

#[test]
fn a_missing_database_file_gives_503_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let cookie = server.new_session();
    let (file, aside) = (folder.path().join("data/satchel.db"), folder.path().join("data/aside.db"));
    fs::rename(&file, &aside).unwrap();

    expect_unavailable(&server, &cookie);
    assert!(!file.exists(), "an empty database was created in its place");
    assert_eq!(status(&server.get("/healthz", "")), 200);

    fs::rename(&aside, &file).unwrap();
    assert_eq!(theme_of(&server, &cookie), "dark");
    assert_eq!(status(&server.change_session(&cookie)), 200);
    assert_eq!(status(&server.get("/readyz", "")), 200);
    let log = server.log();
    for text in ["was removed or replaced: put it back, or restart the server", "is back"] {
        assert_eq!(log.iter().filter(|line| line.contains(text)).count(), 1, "{text} in {log:#?}");
    }
}

#[test]
fn a_replaced_database_file_is_not_used_before_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let cookie = server.new_session();
    let file = folder.path().join("data/satchel.db");
    let copy = folder.path().join("data/copy.db");
    Database::open(&file).run(&format!("vacuum into '{}'", copy.display()));
    fs::rename(&copy, &file).unwrap();
    for log in ["-wal", "-shm"] {
        fs::remove_file(format!("{}{log}", file.display())).unwrap();
    }

    expect_unavailable(&server, &cookie);
    assert!(server.stop("-TERM"));
    let server = TestServer::start(folder.path());
    assert_eq!(theme_of(&server, &cookie), "dark");
}

/// Checks that a script, a page and the readiness check get a 503.
fn expect_unavailable(server: &TestServer, cookie: &str) {
    let script = server.change_session(cookie);
    assert!(script.starts_with("HTTP/1.1 503") && script.contains("{\"error\":\"unavailable\"}"), "{script}");
    assert!(script.contains("retry-after: 5"), "{script}");
    let page = server.send(&format!(
        "GET /login HTTP/1.1\r\nHost: satchel.test\r\nAccept: text/html\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n"
    ));
    assert!(
        page.starts_with("HTTP/1.1 503") && page.contains("<h1>We'll be back in a moment</h1>"),
        "{page}"
    );
    let id = page.split("x-request-id: ").nth(1).unwrap().split("\r\n").next().unwrap();
    assert!(page.contains(&format!("<code>{id}</code>")), "{page}");
    assert_eq!(status(&server.get("/readyz", "")), 503);
}

#[test]
fn a_read_only_database_stops_the_server_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    TestServer::start(folder.path()).stop("-TERM");
    let data = folder.path().join("data");
    let server = readable_by_others(folder.path());
    for log in ["-wal", "-shm"] {
        // A server that stops normally has removed them.
        let _ = fs::remove_file(data.join(format!("satchel.db{log}")));
    }
    set_mode(&data.join("satchel.db"), 0o444);
    set_mode(&data, 0o555);
    let settings = [("LEPTOS_SITE_ADDR", "127.0.0.1:0"), ("DATABASE_URL", "sqlite://data/satchel.db")];
    let keys = session::SigningKeys::generate();
    let mut start = Command::new(server);
    start.current_dir(folder.path()).env_clear().envs(settings).env("SESSION_KEYS", keys);
    as_unprivileged(&mut start);
    let message = refused(start);
    set_mode(&data, 0o755);
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.contains("data/satchel.db") && message.contains("may not be written to"), "{message}");
}

#[test]
fn a_damaged_database_stops_the_server_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    TestServer::start(folder.path()).stop("-TERM");
    let file = folder.path().join("data/satchel.db");
    let whole = fs::read(&file).unwrap();
    // The list of tables, which SQLite reads first. The header is valid.
    let mut broken = whole.clone();
    broken[100..4_096].fill(0xa5);
    let text = "this is not a database, but long warmed_up to look like one".repeat(50);
    for damaged in [&broken[..], &whole[..whole.len() / 2], text.as_bytes()] {
        fs::write(&file, damaged).unwrap();
        let message = refusal(folder.path(), &[("LEPTOS_SITE_ADDR", "127.0.0.1:0")]);
        assert!(message.contains("data/satchel.db") && message.contains("restore a backup"), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    fs::write(&file, whole).unwrap();
    drop(TestServer::start(folder.path()));
}

/// Security: 16.5.3
#[test]
fn damage_to_the_database_in_use_gives_503_until_it_is_repaired() {
    let folder = tempfile::tempdir().unwrap();
    // Disables the cache, so that the server reads the changed file.
    let server = TestServer::start_with(folder.path(), &[("DATABASE_SHARED", "true")]);
    let cookie = server.new_session();
    let file = folder.path().join("data/satchel.db");
    Database::open(&file).run("pragma wal_checkpoint(truncate)");
    let whole = fs::read(&file).unwrap();
    let mut broken = whole.clone();
    broken[4_096..].fill(0xa5);
    // Does not create another file, which the server would detect.
    write_in_place(&file, &broken);
    let responses: Vec<_> =
        (0..10).flat_map(|_| [server.change_session(&cookie), server.begin_session(&cookie)]).collect();
    assert!(responses.iter().any(|response| status(response) == 503), "{responses:#?}");
    assert!(responses.iter().all(|response| matches!(status(response), 200 | 503)), "{responses:#?}");

    fs::remove_file(format!("{}-wal", file.display())).unwrap();
    write_in_place(&file, &whole);
    drop(server);
    let server = TestServer::start(folder.path());
    assert!(["dark", "light"].contains(&&*theme_of(&server, &cookie)));
    assert_eq!(status(&server.change_session(&cookie)), 200);
}

fn write_in_place(file: &Path, bytes: &[u8]) {
    use std::io::Write;

    fs::OpenOptions::new().write(true).open(file).unwrap().write_all(bytes).unwrap();
}

/// Security: 16.5.3
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_refuses_writes_and_serves_reads_until_it_has_space_again() {
    use rlimit::{INFINITY, Resource, prlimit};

    let folder = tempfile::tempdir().unwrap();
    // To SQLite, a limit on the size of files is a full disk. The trap ignores the signal that would end the process.
    let mut server = command(folder.path(), &[]);
    let binary = server.get_program().to_owned();
    let mut launch = Command::new("sh");
    launch.args(["-c", "trap '' XFSZ; exec \"$0\""]).arg(binary).current_dir(folder.path()).env_clear();
    server = launch;
    let server = TestServer::launch(server);
    let id = i32::try_from(server.process()).unwrap();
    let cookie = server.new_session();
    // <shop>
    let buyer = cookie_of_buyer(&server);
    // </shop>
    let wal = folder.path().join("data/satchel.db-wal");
    let full = |bytes| prlimit(id, Resource::FSIZE, Some((bytes, INFINITY)), None).unwrap();

    full(fs::metadata(&wal).unwrap().len());
    let mut stored = "dark";
    let refused = (0..1_000).find_map(|number| {
        let theme = THEMES[(number + 1) % THEMES.len()];
        let response = server.post("/api/preferences/theme", &cookie, &format!("theme={theme}"));
        if status(&response) == 200 {
            stored = theme;
        }
        (status(&response) != 200).then_some(response)
    });
    let refused = refused.expect("the disk was never full");
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after"), "{refused}");
    assert_eq!(status(&server.get("/login", "")), 200, "reads are served");
    assert_eq!(theme_of(&server, &cookie), stored);
    // <shop>
    let order = format!("token={}", "t".repeat(20));
    assert_eq!(status(&server.post("/api/orders/place", &buyer, &order)), 503);
    // </shop>

    full(INFINITY);
    // <shop>
    for _ in 0..2 {
        assert_eq!(status(&server.post("/api/orders/place", &buyer, &order)), 200);
    }
    let database = Database::open(&folder.path().join("data/satchel.db"));
    database.expect_whole_orders();
    assert_eq!(database.count("select count(*) from orders"), 1);
    // </shop>
    assert_eq!(theme_of(&server, &cookie), stored);
    let other = if stored == "dark" { "light" } else { "dark" };
    assert_eq!(status(&server.post("/api/preferences/theme", &cookie, &format!("theme={other}"))), 200);
    assert_eq!(theme_of(&server, &cookie), other);
    Database::open(&folder.path().join("data/satchel.db")).expect_intact();
}

// <shop>
/// Signs in and fills the cart.
#[cfg(target_os = "linux")]
fn cookie_of_buyer(server: &TestServer) -> String {
    let buyer = crate::running::cookie(&server.post("/api/auth/login", "", crate::client::DEMO)).unwrap();
    assert_eq!(status(&server.post("/api/cart/add", &buyer, "product=3&quantity=2")), 200);
    buyer
}
// </shop>

#[test]
fn a_server_whose_clock_was_set_back_keeps_existing_sessions() {
    let folder = tempfile::tempdir().unwrap();
    // Disables the cache, so that the server reads the changed times.
    let server = TestServer::start_with(folder.path(), &[("DATABASE_SHARED", "true")]);
    let cookie = server.new_session();
    // Instead of the clock, the test changes the times in the database.
    let database = Database::open(&folder.path().join("data/satchel.db"));
    database.run(
        "update sessions set began_at = began_at + 7200, used_at = used_at + 7200, expires_at = expires_at + 7200,
         ends_at = ends_at + 7200",
    );
    let ends_at = database.count("select ends_at from sessions");
    assert_eq!(status(&server.change_session(&cookie)), 200);
    assert_eq!(theme_of(&server, &cookie), "light");
    assert_eq!(status(&server.get("/login", &cookie)), 200);
    assert_eq!(database.count("select ends_at from sessions"), ends_at, "the absolute timeout is unchanged");
    assert_eq!(database.count("select count(*) from sessions where expires_at <= ends_at"), 1);
    assert_eq!(status(&server.begin_session("")), 200, "a new session can be created");
    let log = server.log();
    assert!(!log.iter().any(|line| line.contains("ERROR")), "{log:#?}");
}

#[tokio::test]
async fn setting_the_clock_back_neither_ends_nor_extends_a_session() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.sign_in().await;
    app.clock.advance(Duration::hours(-2));
    assert_eq!(visitor.open("/account").await.status, StatusCode::OK);
    assert_eq!(visitor.begin_session().await.status, StatusCode::OK);
    // The session ends twelve hours after its creation.
    for _ in 0..29 {
        app.clock.advance(Duration::minutes(29));
        visitor.get("/api/visitor/show").await;
    }
    assert_eq!(visitor.name().await, None);
}

/// Copies the server to a place where other users may run it.
fn readable_by_others(folder: &Path) -> std::path::PathBuf {
    let copy = folder.join("server");
    fs::copy(command(folder, &[]).get_program(), &copy).unwrap();
    for path in [folder, &copy, &folder.join("data")] {
        set_mode(path, 0o755);
    }
    copy
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Runs the command as another user if the tests run as root, who may write to every file.
fn as_unprivileged(command: &mut Command) {
    use std::os::unix::{fs::MetadataExt, process::CommandExt};

    const UNPRIVILEGED: u32 = 65_534;
    let me = tempfile::tempfile().unwrap().metadata().unwrap().uid();
    if me == 0 {
        command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
    }
}
