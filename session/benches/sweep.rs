//! Sweeps 900,000 of a million sessions while requests are served: `cargo bench -p session --bench sweep`.

#![expect(clippy::unwrap_used, reason = "a failed unwrap stops the benchmark")]
#![expect(clippy::print_stdout, reason = "prints its results")]

use std::time::{Duration, Instant};

use axum::http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, SET_COOKIE},
};
use serde::{Deserialize, Serialize};
use session::{Clock, Pool, SessionConfig, SessionValue, Sessions, SigningKeys};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

const ROWS: i64 = 1_000_000;
const NOW: i64 = 1_795_262_400;

#[derive(Default, Deserialize, Serialize)]
struct Count(u64);

impl SessionValue for Count {
    const KEY: &'static str = "count";
}

async fn request(sessions: &Sessions, headers: &HeaderMap) -> Duration {
    let start = Instant::now();
    let session = sessions.open(headers);
    session.update(|count: &mut Count| count.0 += 1).await.unwrap();
    sessions.close(&session, &mut HeaderMap::new()).await;
    start.elapsed()
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() * part / 1_000).min(times.len() - 1)];
    println!(
        "{what}: {} requests, p50 {:?}, p99 {:?}, longest {:?}",
        times.len(),
        at(500),
        at(990),
        at(1_000)
    );
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("sweep.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool: Pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await.unwrap();
    let keys = SigningKeys::parse(&SigningKeys::generate()).unwrap();
    let config = SessionConfig { clock: Clock::manual(NOW), ..SessionConfig::new(keys) };
    let sessions = Sessions::new(pool.clone(), config).await.unwrap();
    sqlx::query(
        "with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < $1)
         insert into sessions (id, data, version, began_at, used_at, ends_at, expires_at, remembered)
         select lower(hex(randomblob(32))), '{\"count\":{\"v\":1,\"d\":7}}', 1, $2, $2, $2,
                $2 + case when n % 10 = 0 then 1000 else -1000 end, 0 from numbers",
    )
    .bind(ROWS)
    .bind(NOW)
    .execute(&pool)
    .await
    .unwrap();

    let session = sessions.open(&HeaderMap::new());
    session.update(|count: &mut Count| count.0 += 1).await.unwrap();
    let mut response = HeaderMap::new();
    sessions.close(&session, &mut response).await;
    let cookie = response[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let headers: HeaderMap = [(COOKIE, HeaderValue::from_str(&cookie).unwrap())].into_iter().collect();

    let mut quiet = Vec::new();
    for _ in 0..5_000 {
        quiet.push(request(&sessions, &headers).await);
    }
    report("before the sweep", quiet);

    let sweeping = tokio::spawn({
        let sessions = sessions.clone();
        async move {
            let start = Instant::now();
            (sessions.sweep().await.unwrap(), start.elapsed())
        }
    });
    let mut busy = Vec::new();
    while !sweeping.is_finished() {
        busy.push(request(&sessions, &headers).await);
    }
    report("during the sweep", busy);
    let (rows, took) = sweeping.await.unwrap();
    println!("swept {rows} rows in {took:?}");
}
