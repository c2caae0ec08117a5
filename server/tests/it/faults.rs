//! The real binary when something breaks: what was answered is kept, what cannot be done is said, and what is mended goes on.

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
    running::{Running, command, cookie, exchange, post},
};

/// How many clients write at once.
const WRITERS: usize = 8;

/// The themes that a client sets in turn.
const THEMES: [&str; 3] = ["dark", "light", "system"];

/// A visitor and the number of its changes that were answered. The first one sets the first theme.
struct Counted {
    cookie: String,
    count: usize,
}

fn new_visitor(server: &Running) -> String {
    cookie(&server.begin_session("")).unwrap()
}

fn theme_of(server: &Running, cookie: &str) -> String {
    let answer = server.get("/api/visitor/show", cookie);
    let theme = answer.split("\"theme\":\"").nth(1).unwrap_or_else(|| panic!("no theme in {answer}"));
    theme.split('"').next().unwrap().to_owned()
}

pub(crate) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer:?}"))
}

/// Whether the whole answer has come.
fn is_whole(answer: &str) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    length.is_some_and(|length| length.parse() == Ok(body.len()))
}

/// Lets clients change their sessions until the server ends by what `end` does once enough was answered; returns how many changes of each
/// were answered.
fn change_until(server: Running, end: impl FnOnce(Running)) -> Vec<Counted> {
    let cookies: Vec<_> = (0..WRITERS).map(|_| new_visitor(&server)).collect();
    let (address, over) = (server.address().to_owned(), AtomicBool::new(false));
    let enough = std::sync::Barrier::new(WRITERS + 1);
    thread::scope(|scope| {
        let clients: Vec<_> = cookies
            .into_iter()
            .map(|cookie| {
                let (address, over, enough) = (&address, &over, &enough);
                scope.spawn(move || {
                    let mut last = Counted { cookie, count: 1 };
                    let mut send = || {
                        let form = format!("theme={}", THEMES[last.count % THEMES.len()]);
                        let answer = exchange(address, &post("/api/preferences/theme", &last.cookie, &form));
                        match answer {
                            Ok(answer) if is_whole(&answer) => {
                                assert_eq!(status(&answer), 200, "{answer}");
                                last.count += 1;
                                true
                            }
                            // Nothing was answered: the connection was refused, or broke off before its first byte.
                            Ok(answer) => {
                                assert!(answer.is_empty(), "half an answer: {answer}");
                                false
                            }
                            Err(_) => false,
                        }
                    };
                    for _ in 0..20 {
                        assert!(send(), "the server went too early");
                    }
                    enough.wait();
                    while send() || !over.load(Ordering::Relaxed) {}
                    last
                })
            })
            .collect();
        enough.wait();
        end(server);
        over.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

/// After a restart the last answered change of each session is there, or one of at most `more` that were not answered.
fn expect_kept(folder: &Path, answered: &[Counted], more: usize) {
    let server = Running::start(folder);
    for Counted { cookie, count } in answered {
        let theme = theme_of(&server, cookie);
        let expected: Vec<_> =
            (*count..=count + more).map(|count| THEMES[(count - 1) % THEMES.len()]).collect();
        assert!(expected.contains(&&*theme), "{theme} after {count} changes, not {expected:?}");
    }
    let database = Database::open(&folder.join("data/satchel.db"));
    database.expect_intact();
    // <shop>
    database.expect_whole_orders();
    // </shop>
}

#[test]
fn a_server_that_is_killed_loses_no_write_that_it_has_answered() {
    let folder = tempfile::tempdir().unwrap();
    let answered = change_until(Running::start(folder.path()), |server| {
        server.stop("-KILL");
    });
    // One for each client was under way.
    expect_kept(folder.path(), &answered, 1);
}

#[test]
fn a_server_that_is_stopped_finishes_what_it_has_begun_and_refuses_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let answered = change_until(Running::start(folder.path()), |server| assert!(server.stop("-TERM")));
    expect_kept(folder.path(), &answered, 0);
}

#[test]
fn while_the_database_file_is_gone_the_answer_is_503_and_when_it_is_back_all_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path());
    let cookie = new_visitor(&server);
    let (file, aside) = (folder.path().join("data/satchel.db"), folder.path().join("data/aside.db"));
    fs::rename(&file, &aside).unwrap();

    expect_unavailable(&server, &cookie);
    assert!(!file.exists(), "an empty database was made in its place");
    assert_eq!(status(&server.get("/healthz", "")), 200);

    fs::rename(&aside, &file).unwrap();
    assert_eq!(theme_of(&server, &cookie), "dark");
    assert_eq!(status(&server.change_session(&cookie)), 200);
    assert_eq!(status(&server.get("/readyz", "")), 200);
    let log = server.log();
    for said in ["was removed or replaced: put it back, or restart the server", "is back"] {
        assert_eq!(log.iter().filter(|line| line.contains(said)).count(), 1, "{said} in {log:#?}");
    }
}

#[test]
fn a_database_file_that_was_replaced_is_not_written_to_until_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path());
    let cookie = new_visitor(&server);
    let file = folder.path().join("data/satchel.db");
    let copy = folder.path().join("data/copy.db");
    Database::open(&file).run(&format!("vacuum into '{}'", copy.display()));
    fs::rename(&copy, &file).unwrap();
    for log in ["-wal", "-shm"] {
        fs::remove_file(format!("{}{log}", file.display())).unwrap();
    }

    expect_unavailable(&server, &cookie);
    assert!(server.stop("-TERM"));
    let server = Running::start(folder.path());
    assert_eq!(theme_of(&server, &cookie), "dark");
}

/// A script, a page and a health check get a 503 if the database does not respond.
fn expect_unavailable(server: &Running, cookie: &str) {
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
fn a_database_that_cannot_be_written_to_stops_the_start_with_the_cure() {
    let folder = tempfile::tempdir().unwrap();
    Running::start(folder.path()).stop("-TERM");
    let data = folder.path().join("data");
    let server = readable_by_others(folder.path());
    for log in ["-wal", "-shm"] {
        // Gone already after a good end.
        let _ = fs::remove_file(data.join(format!("satchel.db{log}")));
    }
    set_mode(&data.join("satchel.db"), 0o444);
    set_mode(&data, 0o555);
    let settings = [("LEPTOS_SITE_ADDR", "127.0.0.1:0"), ("DATABASE_URL", "sqlite://data/satchel.db")];
    let keys = session::SigningKeys::generate();
    let mut start = Command::new(server);
    start.current_dir(folder.path()).env_clear().envs(settings).env("SESSION_KEYS", keys);
    as_unprivileged(&mut start);
    let said = refused(start);
    set_mode(&data, 0o755);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("data/satchel.db") && said.contains("may not be written to"), "{said}");
}

#[test]
fn a_broken_database_stops_the_start_with_the_cure() {
    let folder = tempfile::tempdir().unwrap();
    Running::start(folder.path()).stop("-TERM");
    let file = folder.path().join("data/satchel.db");
    let whole = fs::read(&file).unwrap();
    // The list of tables is what is read first; the file's head is as it was.
    let mut broken = whole.clone();
    broken[100..4_096].fill(0xa5);
    let text = "this is no database, but long enough to look like one".repeat(50);
    for damaged in [&broken[..], &whole[..whole.len() / 2], text.as_bytes()] {
        fs::write(&file, damaged).unwrap();
        let said = refusal(folder.path(), &[("LEPTOS_SITE_ADDR", "127.0.0.1:0")]);
        assert!(said.contains("data/satchel.db") && said.contains("restore a backup"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    fs::write(&file, whole).unwrap();
    drop(Running::start(folder.path()));
}

/// Security: 16.5.3
#[test]
fn a_database_that_breaks_while_it_is_used_gets_503_and_works_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    // No page of it is kept, so that what is on the disk counts at once.
    let server = Running::start_with(folder.path(), &[("DATABASE_SHARED", "true")]);
    let cookie = new_visitor(&server);
    let file = folder.path().join("data/satchel.db");
    Database::open(&file).run("pragma wal_checkpoint(truncate)");
    let whole = fs::read(&file).unwrap();
    let mut broken = whole.clone();
    broken[4_096..].fill(0xa5);
    // In place: another file in its place is another matter.
    write_in_place(&file, &broken);
    let answers: Vec<_> =
        (0..10).flat_map(|_| [server.change_session(&cookie), server.begin_session(&cookie)]).collect();
    assert!(answers.iter().any(|answer| status(answer) == 503), "{answers:#?}");
    assert!(answers.iter().all(|answer| matches!(status(answer), 200 | 503)), "{answers:#?}");

    fs::remove_file(format!("{}-wal", file.display())).unwrap();
    write_in_place(&file, &whole);
    drop(server);
    let server = Running::start(folder.path());
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
fn while_the_disk_is_full_writes_are_refused_whole_pages_go_on_and_room_mends_it() {
    use rlimit::{INFINITY, Resource, prlimit};

    let folder = tempfile::tempdir().unwrap();
    // A file that may not grow any more is what a full disk is to SQLite. Without the trap the signal for it would end the process.
    let mut server = command(folder.path(), &[]);
    let binary = server.get_program().to_owned();
    let mut launch = Command::new("sh");
    launch.args(["-c", "trap '' XFSZ; exec \"$0\""]).arg(binary).current_dir(folder.path()).env_clear();
    server = launch;
    let server = Running::launch(server);
    let id = i32::try_from(server.process()).unwrap();
    let cookie = new_visitor(&server);
    // <shop>
    let buyer = cookie_of_buyer(&server);
    // </shop>
    let log = folder.path().join("data/satchel.db-wal");
    let full = |bytes| prlimit(id, Resource::FSIZE, Some((bytes, INFINITY)), None).unwrap();

    full(fs::metadata(&log).unwrap().len());
    let mut stored = "dark";
    let refused = (0..1_000).find_map(|number| {
        let theme = THEMES[(number + 1) % THEMES.len()];
        let answer = server.post("/api/preferences/theme", &cookie, &format!("theme={theme}"));
        if status(&answer) == 200 {
            stored = theme;
        }
        (status(&answer) != 200).then_some(answer)
    });
    let refused = refused.expect("the disk was never full");
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after"), "{refused}");
    assert_eq!(status(&server.get("/login", "")), 200, "who only reads is served");
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
/// A signed-in visitor with something in the cart.
#[cfg(target_os = "linux")]
fn cookie_of_buyer(server: &Running) -> String {
    let sign_in =
        server.post("/api/auth/login", "", "email=demo@example.com&password=keep-it-in-the-satchel");
    let buyer = cookie(&sign_in).unwrap();
    assert_eq!(status(&server.post("/api/cart/add", &buyer, "product=3&quantity=2")), 200);
    buyer
}
// </shop>

#[test]
fn a_server_whose_clock_was_set_back_goes_on_with_the_sessions_there_are() {
    let folder = tempfile::tempdir().unwrap();
    // What is in the database counts at once.
    let server = Running::start_with(folder.path(), &[("DATABASE_SHARED", "true")]);
    let cookie = new_visitor(&server);
    // Two hours back for the clock are two hours ahead for all times that were written by it.
    let database = Database::open(&folder.path().join("data/satchel.db"));
    database.run(
        "update sessions set began_at = began_at + 7200, used_at = used_at + 7200, expires_at = expires_at + 7200,
         ends_at = ends_at + 7200",
    );
    let ends_at = database.count("select ends_at from sessions");
    assert_eq!(status(&server.change_session(&cookie)), 200);
    assert_eq!(theme_of(&server, &cookie), "light");
    assert_eq!(status(&server.get("/login", &cookie)), 200);
    assert_eq!(database.count("select ends_at from sessions"), ends_at, "the end is where it was");
    assert_eq!(database.count("select count(*) from sessions where expires_at <= ends_at"), 1);
    assert_eq!(status(&server.begin_session("")), 200, "a new one begins");
    let log = server.log();
    assert!(!log.iter().any(|line| line.contains("ERROR")), "{log:#?}");
}

#[tokio::test]
async fn a_clock_that_is_set_back_ends_no_session_and_prolongs_none() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.sign_in().await;
    app.clock.advance(Duration::hours(-2));
    assert_eq!(visitor.open("/account").await.status, StatusCode::OK);
    assert_eq!(visitor.begin_session().await.status, StatusCode::OK);
    // Twelve hours after its beginning it is over, by whatever clock.
    for _ in 0..29 {
        app.clock.advance(Duration::minutes(29));
        visitor.ask("/api/visitor/show").await;
    }
    assert_eq!(visitor.name().await, None);
}

/// The server where everybody may run it: the folders above the usual place may be closed to others.
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

/// Root may write to everything, so where the tests run as root the server does not.
fn as_unprivileged(command: &mut Command) {
    use std::os::unix::{fs::MetadataExt, process::CommandExt};

    const UNPRIVILEGED: u32 = 65_534;
    let me = tempfile::tempfile().unwrap().metadata().unwrap().uid();
    if me == 0 {
        command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
    }
}
