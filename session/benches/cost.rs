//! The cost of reading and of updating a session, through the layer: `cargo bench -p session --bench cost`.

#![expect(clippy::unwrap_used, reason = "a failed unwrap stops the benchmark")]

use std::{convert::Infallible, hint::black_box, path::Path, pin::Pin};

use axum::http::{
    HeaderValue, Request, Response,
    header::{COOKIE, SET_COOKIE},
};
use criterion::{Criterion, criterion_group, criterion_main};
use serde::{Deserialize, Serialize};
use session::{Pool, Session, SessionConfig, SessionValue, Sessions, SigningKeys};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::runtime::Runtime;
use tower::{Layer, Service, ServiceExt, service_fn, util::BoxCloneService};

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
        .synchronous(SqliteSynchronous::Full);
    SqlitePoolOptions::new().max_connections(4).connect_with(options).await.unwrap()
}

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

type Answer = Pin<Box<dyn Future<Output = Result<Response<()>, Infallible>> + Send>>;

trait Handler: Fn(Request<()>) -> Answer + Clone + Send + 'static {}
impl<F: Fn(Request<()>) -> Answer + Clone + Send + 'static> Handler for F {}

fn read(request: Request<()>) -> Answer {
    Box::pin(async move {
        let session = Session::of(&request.into_parts().0).unwrap();
        black_box(session.read::<Cart>().await.unwrap());
        Ok(Response::new(()))
    })
}

fn update(request: Request<()>) -> Answer {
    Box::pin(async move {
        let session = Session::of(&request.into_parts().0).unwrap();
        session.update(change).await.unwrap();
        Ok(Response::new(()))
    })
}

fn cost(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let layer = runtime.block_on(async {
        let config = SessionConfig::new(SigningKeys::parse(&SigningKeys::generate()).unwrap());
        Sessions::new(pool(&folder.path().join("sessions.db")).await, config).await.unwrap().layer()
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
