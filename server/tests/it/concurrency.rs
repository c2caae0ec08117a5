//! Many clients use one session at the same time, on one server and on two servers with one database.

use std::{
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use crate::{
    database::Database,
    running::{self, TestServer},
};

const CLIENTS: u32 = 50;

/// Calls `request` `total` times from [`CLIENTS`] clients, with one of the servers and the number of the call.
fn storm(servers: &[TestServer], total: u32, request: impl Fn(&TestServer, u32) + Sync) {
    let sent = AtomicU32::new(0);
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let server = &servers[client as usize % servers.len()];
            let (sent, request) = (&sent, &request);
            scope.spawn(move || {
                loop {
                    let number = sent.fetch_add(1, Ordering::Relaxed);
                    if number >= total {
                        break;
                    }
                    request(server, number);
                }
            });
        }
    });
}

fn start(folder: &Path, shared: &str) -> TestServer {
    TestServer::start_with(folder, &[("DATABASE_SHARED", shared), ("SESSION_LIMIT", "off")])
}

fn no_update_is_lost(servers: &[TestServer]) {
    let cookie = servers[0].new_session();
    let ok = |response: String| assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    ok(servers[0].get("/api/visitor/show", &cookie));
    // <visits>
    storm(servers, 1_000, |server, _| ok(server.post("/api/visits/record", &cookie, "")));
    let visits = servers[0].get("/api/visits/show", &cookie);
    assert!(visits.contains("\"count\":1000,"), "{visits}");
    // </visits>
    // <shop>
    // A line holds at most 99 of a product.
    storm(servers, 1_000, |server, number| {
        ok(server.post("/api/cart/add", &cookie, &format!("product={}", number % 12 + 1)));
    });
    let cart = servers[0].get("/api/cart/show", &cookie);
    assert!(cart.contains("\"items\":1000,"), "{cart}");
    // </shop>
}

/// In each race a sign-out and two writes use a new session at the same time. The session ends, and no response sets a cookie.
fn sign_out_wins(servers: &[TestServer], races: u32) {
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..races / 4 {
                    let cookie = servers[0].new_session();
                    thread::scope(|race| {
                        let requests = [
                            ("/api/preferences/theme", "theme=light"),
                            ("/api/auth/logout", ""),
                            ("/api/preferences/theme", "theme=system"),
                        ];
                        for (number, (path, body)) in requests.into_iter().enumerate() {
                            let (server, given) = (&servers[number % servers.len()], &cookie);
                            race.spawn(move || {
                                let response = server.post(path, given, body);
                                let fine = ["HTTP/1.1 200", "HTTP/1.1 401"]
                                    .iter()
                                    .any(|status| response.starts_with(status));
                                assert!(fine, "{response}");
                                assert!(
                                    running::cookie(&response).is_none_or(|cookie| cookie == "id="),
                                    "{response}"
                                );
                            });
                        }
                    });
                    let after = servers[0].get("/api/visitor/show", &cookie);
                    assert!(after.contains("\"theme\":\"system\""), "{after}");
                }
            });
        }
    });
}

fn rows(folder: &Path) -> i64 {
    Database::open(&folder.join("data/satchel.db")).count("select count(*) from sessions")
}

/// Security: 2.4.1
#[test]
fn a_thousand_reading_visitors_create_no_row_and_get_no_cookie() {
    let folder = tempfile::tempdir().unwrap();
    let servers = [TestServer::start(folder.path())];
    let pages = [
        ("/", "200"),
        // <shop>
        ("/products/3", "200"),
        ("/cart", "200"),
        // </shop>
        ("/login", "200"),
        ("/register", "200"),
        ("/account", "303"),
        ("/nothing", "404"),
    ];
    storm(&servers, 1_000, |server, number| {
        let (page, status) = pages[number as usize % pages.len()];
        let response = server.get(page, "");
        let fine =
            response.starts_with(&format!("HTTP/1.1 {status} ")) && running::cookie(&response).is_none();
        assert!(fine, "{page}: {response}");
    });
    assert_eq!(rows(folder.path()), 0);
}

/// Security: 15.4.1
#[test]
fn no_concurrent_update_is_lost_and_every_sign_out_wins() {
    let folder = tempfile::tempdir().unwrap();
    let servers = [start(folder.path(), "false")];
    no_update_is_lost(&servers);
    assert_eq!(rows(folder.path()), 1);
    sign_out_wins(&servers, 2_000);
    assert_eq!(rows(folder.path()), 1, "only the session from before the races is left");
}

/// Security: 15.4.1
#[test]
fn two_servers_on_one_database_lose_no_update_and_every_sign_out_wins() {
    let folder = tempfile::tempdir().unwrap();
    let servers = [start(folder.path(), "true"), start(folder.path(), "true")];
    no_update_is_lost(&servers);
    sign_out_wins(&servers, 2_000);
    assert_eq!(rows(folder.path()), 1);
}
