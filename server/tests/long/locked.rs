//! Another process keeps the database locked for ten seconds.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{database::Database, running::Running};

const LOCKED: Duration = Duration::from_secs(10);

#[test]
fn while_the_database_is_locked_writes_are_answered_by_503_pages_go_on_and_afterwards_all_is_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path());
    let cookie = crate::running::cookie(&server.begin_session("")).unwrap();
    let database = Database::open(&folder.path().join("data/satchel.db"));
    // <shop>
    let sign_in =
        server.post("/api/auth/login", "", "email=demo@example.com&password=keep-it-in-the-satchel");
    let buyer = crate::running::cookie(&sign_in).unwrap();
    server.post("/api/cart/add", &buyer, "product=3&quantity=2");
    let order = || server.post("/api/orders/place", &buyer, "token=a-token-of-the-test");
    // </shop>

    let sessions = || database.count("select count(*) from sessions");
    let before = sessions();
    // In a transaction of another process, which this one is.
    database.run("begin immediate");
    let refused = {
        let start = Instant::now();
        thread::scope(|scope| {
            let writers: Vec<_> = (0..20)
                .map(|_| {
                    scope.spawn(|| {
                        let mut refused = 0;
                        while start.elapsed() < LOCKED {
                            let answer = server.change_session(&cookie);
                            assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
                            assert!(
                                answer.contains("unavailable") && answer.contains("retry-after"),
                                "{answer}"
                            );
                            refused += 1;
                        }
                        refused
                    })
                })
                .collect();
            // <shop>
            assert!(order().starts_with("HTTP/1.1 503"));
            // </shop>
            while start.elapsed() < LOCKED {
                assert!(server.get("/", &cookie).starts_with("HTTP/1.1 200"), "who only reads is served");
            }
            writers.into_iter().map(|writer| writer.join().unwrap()).sum::<u32>()
        })
    };
    database.run("rollback");
    println!("{refused} writes were refused while the database was locked for {LOCKED:?}");

    let visitor = server.get("/api/visitor/show", &cookie);
    assert!(visitor.contains("\"theme\":\"dark\""), "none of those that were refused is kept: {visitor}");
    assert!(server.change_session(&cookie).starts_with("HTTP/1.1 200"));
    // <shop>
    assert!(order().starts_with("HTTP/1.1 200"));
    assert_eq!(database.count("select count(*) from orders"), 1);
    database.expect_whole_orders();
    // </shop>
    assert_eq!(sessions(), before);
    database.expect_intact();
}
