//! Many clients on one session over loopback, with one server process and with two on one database file.

use std::{
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use crate::binary::Running;

const CLIENTS: u32 = 50;

/// Sends `total` requests from [`CLIENTS`] clients, in turns to the servers, and gives each answer to `check`.
fn storm(
    servers: &[Running],
    total: u32,
    cookie: &str,
    path: &str,
    body: &str,
    check: impl Fn(String) + Sync,
) {
    let sent = AtomicU32::new(0);
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let server = &servers[client as usize % servers.len()];
            let (sent, check) = (&sent, &check);
            scope.spawn(move || {
                while sent.fetch_add(1, Ordering::Relaxed) < total {
                    check(server.post(path, cookie, body));
                }
            });
        }
    });
}

fn new_visitor(server: &Running) -> String {
    cookie(&server.post("/api/visits/record", "", "")).unwrap()
}

fn cookie(answer: &str) -> Option<String> {
    Some(answer.split("set-cookie: ").nth(1)?.split(';').next()?.to_owned())
}

fn no_update_is_lost(servers: &[Running]) {
    let cookie = new_visitor(&servers[0]);
    let ok = |answer: String| assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    storm(servers, 1_000, &cookie, "/api/visits/record", "", ok);
    let visits = servers[0].get("/api/visits/show", &cookie);
    assert!(visits.contains("\"count\":1001,"), "{visits}");

    // One line holds 99 at most, so the thousand go to all twelve products.
    let added = AtomicU32::new(0);
    let products = Mutex::new((0..1_000).map(|number| number % 12 + 1));
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let server = &servers[client as usize % servers.len()];
            let (products, added, cookie) = (&products, &added, &cookie);
            scope.spawn(move || {
                while let Some(product) = { products.lock().unwrap().next() } {
                    ok(server.post("/api/cart/add", cookie, &format!("product={product}")));
                    added.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(added.into_inner(), 1_000);
    let cart = servers[0].get("/api/cart/show", &cookie);
    assert!(cart.contains("\"items\":1000,"), "{cart}");
}

/// Each race: a new session, then a sign-out and writes at once. Afterwards no session lives and no cookie was given.
fn sign_out_wins(servers: &[Running], races: u32) {
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..races / 4 {
                    let cookie = new_visitor(&servers[0]);
                    thread::scope(|race| {
                        for (number, path) in
                            ["/api/visits/record", "/api/auth/logout", "/api/cart/add"].iter().enumerate()
                        {
                            let (server, given) = (&servers[number % servers.len()], &cookie);
                            race.spawn(move || {
                                let answer = server.post(path, given, "product=1");
                                let fine = ["HTTP/1.1 200", "HTTP/1.1 401"]
                                    .iter()
                                    .any(|status| answer.starts_with(status));
                                assert!(fine, "{answer}");
                                assert!(
                                    self::cookie(&answer).is_none_or(|cookie| cookie == "id="),
                                    "{answer}"
                                );
                            });
                        }
                    });
                    let after = servers[0].get("/api/visits/show", &cookie);
                    assert!(after.contains("\"count\":0,"), "{after}");
                }
            });
        }
    });
}

fn rows(folder: &Path) -> i64 {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("data/satchel.db"));
    let count = async {
        let pool = session::Pool::connect_with(options).await.unwrap();
        sqlx::query_scalar("select count(*) from sessions").fetch_one(&pool).await.unwrap()
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(count)
}

#[test]
fn a_thousand_updates_at_once_are_all_kept_and_two_thousand_sign_outs_all_win() {
    let folder = tempfile::tempdir().unwrap();
    let servers = [Running::start(folder.path())];
    no_update_is_lost(&servers);
    assert_eq!(rows(folder.path()), 1);
    sign_out_wins(&servers, 2_000);
    assert_eq!(rows(folder.path()), 1, "the one from before the races");
}

#[test]
fn the_same_holds_with_two_servers_on_one_database() {
    let folder = tempfile::tempdir().unwrap();
    let servers = [Running::start(folder.path()), Running::start(folder.path())];
    no_update_is_lost(&servers);
    sign_out_wins(&servers, 2_000);
    assert_eq!(rows(folder.path()), 1);
}
