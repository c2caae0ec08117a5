//! What the guarantees cost: the same work with tower-sessions and its SQLite store, side by side. `cargo bench -p session`.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on says where by panicking")]

use std::{hint::black_box, path::Path, sync::Arc};

use axum::http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, SET_COOKIE},
};
use criterion::{Criterion, criterion_group, criterion_main};
use serde::{Deserialize, Serialize};
use session::{Pool, SessionConfig, SessionValue, Sessions, SigningKeys};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::runtime::Runtime;
use tower_sessions_sqlx_store::SqliteStore;

#[derive(Clone, Default, Deserialize, Serialize)]
struct Cart {
    lines: Vec<(u64, u32)>,
    changes: u64,
}

impl SessionValue for Cart {
    const KEY: &'static str = "cart";
}

fn change(cart: &mut Cart) {
    cart.lines = (1..=3).map(|product| (product, 2)).collect();
    cart.changes += 1;
}

async fn pool(file: &Path) -> Pool {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal);
    SqlitePoolOptions::new().max_connections(4).connect_with(options).await.unwrap()
}

/// A request's headers with the cookie of a session that holds a cart.
async fn visitor(sessions: &Sessions) -> HeaderMap {
    let session = sessions.open(&HeaderMap::new());
    session.update(change).await.unwrap();
    let mut response = HeaderMap::new();
    sessions.close(&session, &mut response).await;
    let cookie = response[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    [(COOKIE, HeaderValue::from_str(&cookie).unwrap())].into_iter().collect()
}

fn cost(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (sessions, headers, store, id) = runtime.block_on(async {
        let config = SessionConfig::new(SigningKeys::parse(&SigningKeys::generate()).unwrap());
        let sessions = Sessions::new(pool(&folder.path().join("ours.db")).await, config).await.unwrap();
        let headers = visitor(&sessions).await;
        let store = SqliteStore::new(pool(&folder.path().join("plain.db")).await);
        store.migrate().await.unwrap();
        let plain = tower_sessions::Session::new(None, Arc::new(store.clone()), None);
        plain.insert(Cart::KEY, Cart { changes: 1, ..Cart::default() }).await.unwrap();
        plain.save().await.unwrap();
        (sessions, headers, store, plain.id().unwrap())
    });
    let plain = || tower_sessions::Session::new(Some(id), Arc::new(store.clone()), None);

    let mut reading = criterion.benchmark_group("read");
    reading.bench_function("plain", |bench| {
        bench.to_async(&runtime).iter(|| async { black_box(plain().get::<Cart>(Cart::KEY).await.unwrap()) });
    });
    reading.bench_function("ours", |bench| {
        bench.to_async(&runtime).iter(|| async {
            let session = sessions.open(&headers);
            black_box(session.read::<Cart>().await.unwrap());
            sessions.close(&session, &mut HeaderMap::new()).await;
        });
    });
    reading.finish();

    let mut updating = criterion.benchmark_group("update");
    updating.bench_function("plain", |bench| {
        bench.to_async(&runtime).iter(|| async {
            let session = plain();
            let mut cart = session.get::<Cart>(Cart::KEY).await.unwrap().unwrap_or_default();
            change(&mut cart);
            session.insert(Cart::KEY, cart).await.unwrap();
            session.save().await.unwrap();
        });
    });
    updating.bench_function("ours", |bench| {
        bench.to_async(&runtime).iter(|| async {
            let session = sessions.open(&headers);
            session.update(change).await.unwrap();
            sessions.close(&session, &mut HeaderMap::new()).await;
        });
    });
    updating.finish();
}

criterion_group!(benches, cost);
criterion_main!(benches);
