//! Another process locks the database for ten seconds.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    database::Database,
    running::{TestServer, status},
};

const LOCKED: Duration = Duration::from_secs(10);

#[test]
fn a_locked_database_refuses_writes_serves_pages_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let cookie = server.new_session();
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
    // This process holds the lock, not the server.
    database.run("begin immediate");
    let refused = {
        let start = Instant::now();
        thread::scope(|scope| {
            let writers: Vec<_> = (0..20)
                .map(|_| {
                    scope.spawn(|| {
                        let mut refused = 0;
                        while start.elapsed() < LOCKED {
                            let response = server.change_session(&cookie);
                            assert_eq!(status(&response), 503, "{response}");
                            assert!(
                                response.contains("unavailable") && response.contains("retry-after"),
                                "{response}"
                            );
                            refused += 1;
                        }
                        refused
                    })
                })
                .collect();
            // <shop>
            assert_eq!(status(&order()), 503);
            // </shop>
            while start.elapsed() < LOCKED {
                assert_eq!(status(&server.get("/", &cookie)), 200, "reads are served");
            }
            writers.into_iter().map(|writer| writer.join().unwrap()).sum::<u32>()
        })
    };
    database.run("rollback");
    println!("{refused} writes were refused while the database was locked for {LOCKED:?}");

    let visitor = server.get("/api/visitor/show", &cookie);
    assert!(visitor.contains("\"theme\":\"dark\""), "no refused change was saved: {visitor}");
    assert_eq!(status(&server.change_session(&cookie)), 200);
    // <shop>
    assert_eq!(status(&order()), 200);
    assert_eq!(database.count("select count(*) from orders"), 1);
    database.expect_whole_orders();
    // </shop>
    assert_eq!(sessions(), before);
    database.expect_intact();
}
