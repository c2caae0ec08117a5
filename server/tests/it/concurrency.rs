//! Many clients on one session over loopback, with one server process and with two on one database file.

use std::{
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use crate::{
    database::Database,
    running::{Running, cookie},
};

const CLIENTS: u32 = 50;

/// Calls `request` `total` times from [`CLIENTS`] clients, in turns with the servers and the number of the call.
fn storm(servers: &[Running], total: u32, request: impl Fn(&Running, u32) + Sync) {
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

/// A server that lets one address begin any number of sessions.
fn start(folder: &Path, shared: &str) -> Running {
    Running::start_with(folder, &[("DATABASE_SHARED", shared), ("SESSION_LIMIT", "off")])
}

fn new_visitor(server: &Running) -> String {
    cookie(&server.begin_session("")).unwrap()
}

fn no_update_is_lost(servers: &[Running]) {
    let cookie = new_visitor(&servers[0]);
    let ok = |answer: String| assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // <visits>
    storm(servers, 1_000, |server, _| ok(server.post("/api/visits/record", &cookie, "")));
    let visits = servers[0].get("/api/visits/show", &cookie);
    assert!(visits.contains("\"count\":1000,"), "{visits}");
    // </visits>
    // <shop>
    // One line holds 99 at most, so the thousand go to all twelve products.
    storm(servers, 1_000, |server, number| {
        ok(server.post("/api/cart/add", &cookie, &format!("product={}", number % 12 + 1)));
    });
    let cart = servers[0].get("/api/cart/show", &cookie);
    assert!(cart.contains("\"items\":1000,"), "{cart}");
    // </shop>
}

/// Each race: a new session, then a sign-out and writes at once. Afterwards no session lives and no cookie was given.
fn sign_out_wins(servers: &[Running], races: u32) {
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..races / 4 {
                    let cookie = new_visitor(&servers[0]);
                    thread::scope(|race| {
                        let requests = [
                            ("/api/preferences/theme", "theme=light"),
                            ("/api/auth/logout", ""),
                            ("/api/preferences/theme", "theme=system"),
                        ];
                        for (number, (path, body)) in requests.into_iter().enumerate() {
                            let (server, given) = (&servers[number % servers.len()], &cookie);
                            race.spawn(move || {
                                let answer = server.post(path, given, body);
                                let fine = ["HTTP/1.1 200", "HTTP/1.1 401"]
                                    .iter()
                                    .any(|status| answer.starts_with(status));
                                assert!(fine, "{answer}");
                                assert!(
                                    crate::running::cookie(&answer).is_none_or(|cookie| cookie == "id="),
                                    "{answer}"
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
fn a_thousand_visitors_who_only_read_leave_no_row_and_get_no_cookie() {
    let folder = tempfile::tempdir().unwrap();
    let servers = [Running::start(folder.path())];
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
        let answer = server.get(page, "");
        let fine = answer.starts_with(&format!("HTTP/1.1 {status} ")) && cookie(&answer).is_none();
        assert!(fine, "{page}: {answer}");
    });
    assert_eq!(rows(folder.path()), 0);
}

/// Security: 15.4.1
#[test]
fn a_thousand_updates_at_once_are_all_kept_and_two_thousand_sign_outs_all_win() {
    let folder = tempfile::tempdir().unwrap();
    let servers = [start(folder.path(), "false")];
    no_update_is_lost(&servers);
    assert_eq!(rows(folder.path()), 1);
    sign_out_wins(&servers, 2_000);
    assert_eq!(rows(folder.path()), 1, "the one from before the races");
}

/// Security: 15.4.1
#[test]
fn the_same_holds_with_two_servers_on_one_database() {
    let folder = tempfile::tempdir().unwrap();
    let servers = [start(folder.path(), "true"), start(folder.path(), "true")];
    no_update_is_lost(&servers);
    sign_out_wins(&servers, 2_000);
    assert_eq!(rows(folder.path()), 1);
}
