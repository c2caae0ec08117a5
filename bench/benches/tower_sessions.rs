//! Requests through the layer of tower-sessions with its SQLite store, like `session/benches/cost.rs` for Satchel's layer. Run it with
//! `cargo bench --manifest-path bench/Cargo.toml --target-dir target/bench --bench tower_sessions`.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by a panic")]

use std::{convert::Infallible, hint::black_box, path::Path, pin::Pin};

use axum::http::{
    HeaderValue, Request, Response,
    header::{COOKIE, SET_COOKIE},
};
use criterion::{Criterion, criterion_group, criterion_main};
use serde::{Deserialize, Serialize};
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::runtime::Runtime;
use tower::{Layer, Service, ServiceExt, service_fn, util::BoxCloneService};
use tower_sessions::{Expiry, SessionManagerLayer, cookie::Key};
use tower_sessions_sqlx_store::SqliteStore;

#[derive(Clone, Default, Deserialize, Serialize)]
struct Cart {
    lines: Vec<(u64, u32)>,
    changes: u64,
}

const KEY: &str = "cart";

fn change(cart: &mut Cart) {
    cart.lines = (1..=3).map(|product| (product, 2)).collect();
    cart.changes += 1;
}

async fn pool(file: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    SqlitePoolOptions::new().max_connections(4).connect_with(options).await.unwrap()
}

/// Sends a request with a cookie through a layer, and returns the cookie of the response.
async fn send<L>(layer: &L, handler: impl Handler, cookie: Option<&HeaderValue>) -> Option<HeaderValue>
where
    L: Layer<BoxCloneService<Request<()>, Response<()>, Infallible>>,
    L::Service: Service<Request<()>, Response = Response<()>, Error = Infallible>,
{
    let mut request = Request::new(());
    if let Some(cookie) = cookie {
        request.headers_mut().insert(COOKIE, cookie.clone());
    }
    let service = service_fn(move |request: Request<()>| handler(request));
    let response = layer.layer(BoxCloneService::new(service)).oneshot(request).await.unwrap();
    let cookie = response.headers().get(SET_COOKIE)?.to_str().unwrap().split(';').next().unwrap().to_owned();
    Some(HeaderValue::from_str(&cookie).unwrap())
}

type HandlerFuture = Pin<Box<dyn Future<Output = Result<Response<()>, Infallible>> + Send>>;

trait Handler: Fn(Request<()>) -> HandlerFuture + Clone + Send + 'static {}
impl<F: Fn(Request<()>) -> HandlerFuture + Clone + Send + 'static> Handler for F {}

fn read(request: Request<()>) -> HandlerFuture {
    Box::pin(async move {
        let session = request.extensions().get::<tower_sessions::Session>().unwrap();
        black_box(session.get::<Cart>(KEY).await.unwrap());
        Ok(Response::new(()))
    })
}

fn update(request: Request<()>) -> HandlerFuture {
    Box::pin(async move {
        let session = request.extensions().get::<tower_sessions::Session>().unwrap();
        let mut cart = session.get::<Cart>(KEY).await.unwrap().unwrap_or_default();
        change(&mut cart);
        session.insert(KEY, cart).await.unwrap();
        Ok(Response::new(()))
    })
}

fn cost(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let layer = runtime.block_on(async {
        let store = SqliteStore::new(pool(&folder.path().join("sessions.db")).await);
        store.migrate().await.unwrap();
        SessionManagerLayer::new(store)
            .with_expiry(Expiry::OnInactivity(time::Duration::minutes(30)))
            .with_signed(Key::generate())
    });
    let cookie = runtime.block_on(send(&layer, update, None)).unwrap();
    criterion.bench_function("read", |bench| {
        bench.to_async(&runtime).iter(|| send(&layer, read, Some(&cookie)));
    });
    criterion.bench_function("update", |bench| {
        bench.to_async(&runtime).iter(|| send(&layer, update, Some(&cookie)));
    });
}

criterion_group!(benches, cost);
criterion_main!(benches);
