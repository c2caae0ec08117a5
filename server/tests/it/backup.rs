//! Backup and restore by the real binary: a backup contains every confirmed write, and a restore ends every session.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use session::{Connection, Pool};
use sqlx::{AssertSqlSafe, Row, sqlite::SqliteConnectOptions};

use crate::{
    client::PASSWORD,
    commands::{Outcome, run},
    running::{TestServer, cookie},
};

fn backup(folder: &Path, file: &str) -> Outcome {
    run(folder, &["database", "backup", file], "")
}

fn restore(folder: &Path, file: &str) -> Outcome {
    run(folder, &["database", "restore", file], "")
}

fn database(folder: &Path) -> PathBuf {
    folder.join("data/satchel.db")
}

/// The files in the folder of the database, without the keys.
fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("data")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name != "session-keys").collect();
    names.sort();
    names
}

/// Works on a database file without the server.
fn with_database<R>(file: &Path, work: impl AsyncFnOnce(&mut Connection) -> R) -> R {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let run = async {
        let pool = Pool::connect_with(options).await.unwrap();
        let result = work(&mut *pool.acquire().await.unwrap()).await;
        pool.close().await;
        result
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run)
}

fn execute(file: &Path, statement: &str) {
    with_database(file, async |db| {
        sqlx::query(AssertSqlSafe(statement.to_owned())).execute(db).await.unwrap();
    });
}

/// Overwrites the first page of a table or an index.
fn tear(file: &Path, name: &str) {
    let page = "select (rootpage - 1) * page_size from sqlite_schema, pragma_page_size where name = $1";
    let place: u32 =
        with_database(file, async |db| sqlx::query_scalar(page).bind(name).fetch_one(db).await.unwrap());
    let mut bytes = fs::read(file).unwrap();
    bytes[place as usize..][..512].fill(0xa5);
    fs::write(file, bytes).unwrap();
}

/// The number of changes of each session after its creation.
fn counts(file: &Path) -> Vec<u32> {
    let counts = "select version - 1 from sessions order by 1";
    with_database(file, async |db| sqlx::query_scalar(counts).fetch_all(db).await.unwrap())
}

/// The tables in which the two databases differ, without those of sessions.
fn differences(one: &Path, other: &Path) -> Vec<String> {
    with_database(one, async |db| {
        let attach = format!("attach '{}' as other", other.display());
        sqlx::query(AssertSqlSafe(attach)).execute(&mut *db).await.unwrap();
        let tables = "select name from sqlite_schema where type = 'table' and name not like '%session%'";
        let mut different = Vec::new();
        for table in sqlx::query(tables).fetch_all(&mut *db).await.unwrap() {
            let name: String = table.get("name");
            for (from, to) in [("main", "other"), ("other", "main")] {
                let only = format!(
                    "select count(*) from (select * from {from}.\"{name}\" except select * from {to}.\"{name}\")"
                );
                if sqlx::query_scalar::<_, i64>(AssertSqlSafe(only)).fetch_one(&mut *db).await.unwrap() > 0 {
                    different.push(format!("{name} of {from}"));
                }
            }
        }
        different
    })
}

fn sign_in(server: &TestServer, name: &str) -> String {
    server.post("/api/auth/login", "", &format!("email={name}@example.com&password={PASSWORD}"))
}

fn register(server: &TestServer, name: &str) -> String {
    let form = format!("name={name}&email={name}@example.com&password={PASSWORD}");
    cookie(&server.post("/api/auth/register", "", &form)).unwrap()
}

fn stop(server: TestServer) {
    drop(server.log());
}

#[test]
fn a_backup_during_writes_contains_every_confirmed_write() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let running = TestServer::start(folder);
    let file = folder.join("copy.db");
    let confirmed = [const { AtomicU32::new(0) }; 4];
    let done = AtomicBool::new(false);
    let (before, outcome, after) = thread::scope(|scope| {
        for counter in &confirmed {
            scope.spawn(|| {
                let session = running.new_session();
                for number in 0.. {
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                    let response = match number % 2 {
                        0 => running.change_session(&session),
                        _ => running.begin_session(&session),
                    };
                    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let seen = || confirmed.each_ref().map(|counter| counter.load(Ordering::Relaxed));
        let begun = Instant::now();
        while seen().iter().any(|count| *count < 5) && begun.elapsed() < Duration::from_secs(60) {
            thread::yield_now();
        }
        let before = seen();
        let outcome = backup(folder, "copy.db");
        let after = seen();
        done.store(true, Ordering::Relaxed);
        (before, outcome, after)
    });
    assert_eq!(
        (outcome.success, outcome.out.as_str()),
        (true, "wrote the backup copy.db\n"),
        "{}",
        outcome.err
    );
    assert!(before.iter().all(|count| *count >= 5), "{before:?}");

    let (mut least, kept, mut most) = (before, counts(&file), after);
    least.sort_unstable();
    most.sort_unstable();
    assert_eq!(kept.len(), 4);
    for place in 0..4 {
        // One more change may not have been confirmed yet.
        let range = least[place]..=most[place] + 1;
        assert!(range.contains(&kept[place]), "{before:?} {kept:?} {after:?}");
    }
    let intact: String = with_database(&file, async |db| {
        sqlx::query_scalar("pragma integrity_check").fetch_one(db).await.unwrap()
    });
    assert_eq!(intact, "ok");
    assert!(!folder.join("copy.db.part").exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600,
            "readable by its owner only"
        );
    }
}

#[test]
fn a_restore_brings_back_the_data_and_ends_every_session() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let first = TestServer::start(folder);
    let (ada, guest) = (register(&first, "ada"), first.new_session());
    assert!(backup(folder, "copy.db").success);
    first.post("/api/auth/name", &ada, "name=Countess");
    first.post("/api/auth/logout", &ada, "");
    let eve = register(&first, "eve");
    stop(first);
    assert!(!differences(&database(folder), &folder.join("copy.db")).is_empty());
    let copy = fs::read(folder.join("copy.db")).unwrap();

    let outcome = restore(folder, "copy.db");
    assert!(outcome.success, "{}", outcome.err);
    let mut lines = outcome.out.lines();
    assert_eq!(lines.next(), Some("restored copy.db and ended all 2 sessions in it"));
    let aside = lines.next().unwrap().strip_prefix("the database from before is now data/satchel.db.before-");
    let aside = format!("satchel.db.before-{}", aside.unwrap());
    assert_eq!(files(folder), ["satchel.db".to_owned(), aside.clone()]);
    assert_eq!(fs::read(folder.join("copy.db")).unwrap(), copy, "the backup stays as it is");
    assert_eq!(differences(&database(folder), &folder.join("copy.db")), [""; 0]);

    let second = TestServer::start(folder);
    for session in [&ada, &eve, &guest] {
        let visitor = second.get("/api/visitor/show", session);
        assert!(visitor.contains("\"user\":null") && visitor.contains("\"theme\":\"system\""), "{visitor}");
    }
    assert!(sign_in(&second, "ada").contains("\"name\":\"ada\""));
    assert!(sign_in(&second, "eve").starts_with("HTTP/1.1 401"), "the account is newer than the backup");
    stop(second);

    // The previous database can be restored too.
    fs::rename(folder.join("data").join(&aside), folder.join("before.db")).unwrap();
    let outcome = restore(folder, "before.db");
    assert!(outcome.success, "{}", outcome.err);
    assert!(sign_in(&TestServer::start(folder), "eve").starts_with("HTTP/1.1 200"));
}

// <shop>
#[test]
fn a_restore_saves_the_carts_of_users_for_their_next_sign_in() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let first = TestServer::start(folder);
    let ada = register(&first, "ada");
    first.post("/api/cart/add", &ada, "product=1&quantity=2");
    assert!(backup(folder, "copy.db").success);
    stop(first);
    assert!(restore(folder, "copy.db").success);
    let second = TestServer::start(folder);
    let response = sign_in(&second, "ada");
    assert!(response.contains("\"items\":2"), "{response}");
}
// </shop>

#[test]
fn a_restore_replaces_a_damaged_database_and_creates_a_missing_one() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let first = TestServer::start(folder);
    register(&first, "ada");
    assert!(backup(folder, "copy.db").success);
    stop(first);
    fs::write(database(folder), "this is not a database any more").unwrap();
    let outcome = restore(folder, "copy.db");
    assert!(outcome.success, "{}", outcome.err);
    let [_, aside] = files(folder).try_into().unwrap();
    assert_eq!(
        fs::read_to_string(folder.join("data").join(aside)).unwrap(),
        "this is not a database any more"
    );
    assert!(sign_in(&TestServer::start(folder), "ada").starts_with("HTTP/1.1 200"));

    fs::remove_dir_all(folder.join("data")).unwrap();
    let outcome = restore(folder, "copy.db");
    assert!(outcome.success && outcome.out.lines().count() == 1, "{} {}", outcome.out, outcome.err);
    assert!(sign_in(&TestServer::start(folder), "ada").starts_with("HTTP/1.1 200"));
}

#[test]
fn a_backup_never_overwrites_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let refusal = |file: &str| {
        let outcome = backup(folder, file);
        assert!(!outcome.success && outcome.out.is_empty());
        outcome.err
    };
    assert_eq!(refusal("copy.db"), "there is no database data/satchel.db (DATABASE_URL)\n");
    assert!(!database(folder).exists(), "no database is created");
    let running = TestServer::start(folder);
    register(&running, "ada");
    stop(running);
    fs::write(folder.join("kept.txt"), "mine").unwrap();
    assert_eq!(refusal("kept.txt"), "kept.txt exists already: give the name of a new file\n");
    assert_eq!(fs::read_to_string(folder.join("kept.txt")).unwrap(), "mine");
    fs::write(folder.join("copy.db.part"), "").unwrap();
    let message = refusal("copy.db");
    assert!(message.contains("copy.db.part exists: another command is running"), "{message}");
    let message = refusal("nowhere/copy.db");
    assert!(message.starts_with("cannot write the backup nowhere/copy.db: "), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn a_file_that_is_not_a_backup_is_refused_and_the_database_is_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let first = TestServer::start(folder);
    register(&first, "ada");
    assert!(backup(folder, "copy.db").success);
    let outcome = restore(folder, "copy.db");
    assert_eq!(outcome.err, "the database data/satchel.db is in use: stop the server first\n");
    assert!(sign_in(&first, "ada").starts_with("HTTP/1.1 200"), "the server still runs");
    stop(first);

    fs::write(folder.join("text.db"), "this is not a database, but long enough to look like one".repeat(50))
        .unwrap();
    fs::write(folder.join("empty.db"), "").unwrap();
    execute(&folder.join("foreign.db"), "create table notes (text text)");
    fs::copy(folder.join("copy.db"), folder.join("newer.db")).unwrap();
    execute(
        &folder.join("newer.db"),
        "insert into _sqlx_migrations values (9999, 'later', 0, true, x'00', 0)",
    );
    // A damaged page that only a check of the whole file finds.
    fs::copy(folder.join("copy.db"), folder.join("torn.db")).unwrap();
    tear(&folder.join("torn.db"), "sessions_owner");
    fs::copy(folder.join("copy.db"), folder.join("open.db")).unwrap();
    fs::write(folder.join("open.db-wal"), "changes that are not in the file yet").unwrap();

    let before = fs::read(database(folder)).unwrap();
    for (file, reason) in [
        ("missing.db", "cannot restore missing.db: "),
        ("text.db", "cannot restore text.db: it is damaged or not a database: take another backup"),
        ("torn.db", "cannot restore torn.db: it is damaged"),
        ("empty.db", "cannot restore empty.db: it is not a database of this app: take a file that"),
        ("foreign.db", "cannot restore foreign.db: it is not a database of this app: take a file that"),
        (
            "newer.db",
            "cannot restore newer.db: it was created by a newer version of the server: restore it with",
        ),
        ("open.db", "open.db is a database in use and no backup: make one by `database backup`"),
        ("data/satchel.db", "data/satchel.db is the database itself: give the name of a backup"),
    ] {
        let outcome = restore(folder, file);
        assert!(
            !outcome.success && outcome.out.is_empty() && outcome.err.starts_with(reason),
            "{file}: {}",
            outcome.err
        );
        assert_eq!(outcome.err.lines().count(), 1, "{}", outcome.err);
        assert_eq!(files(folder), ["satchel.db"], "{file}");
    }
    // The header may differ: a restore can change the journal mode, which the server sets again.
    assert_eq!(fs::read(database(folder)).unwrap()[100..], before[100..]);
    assert!(sign_in(&TestServer::start(folder), "ada").starts_with("HTTP/1.1 200"));
}
