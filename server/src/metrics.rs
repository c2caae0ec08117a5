//! Metrics for Prometheus: requests and their durations, sessions, and the connections of the database.

use std::time::{Duration, Instant};

use anyhow::Context;
use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{Method, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::get,
};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use session::{Database, MEASURES, Pool};

/// The buckets of request durations, in seconds: from a cached page to a database that waits for a lock.
const CLASSES: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 10.0];

/// How often durations are aggregated. Without this they would fill the memory if no client reads the metrics.
const TIDY_EVERY: Duration = Duration::from_secs(5);

const REQUESTS: &str = "http_requests_total";
const TIMES: &str = "http_request_duration_seconds";
const CONNECTIONS: &str = "database_connections";

/// A response that is a file.
#[derive(Clone, Copy, Debug)]
pub struct IsFile;

/// Installs the recorder for the whole process. Fails when another recorder is installed.
pub fn install() -> anyhow::Result<PrometheusHandle> {
    let builder =
        PrometheusBuilder::new().set_buckets_for_metric(Matcher::Full(TIMES.to_owned()), &CLASSES)?;
    let handle = builder.install_recorder().context("something else counts already")?;
    describe_counter!(REQUESTS, "Requests, by method, route and status.");
    describe_histogram!(TIMES, Unit::Seconds, "How long requests took, by route.");
    describe_counter!("http_requests_shed_total", "Requests that were refused for want of room.");
    describe_counter!("http_connections_refused_total", "Connections that were refused for want of room.");
    describe_gauge!(CONNECTIONS, "Connections to the database, by pool and state.");
    for (name, says) in MEASURES {
        describe_counter!(name, says);
    }
    // Present from the start, so that alerts can be defined before the first event.
    for name in [
        "http_requests_shed_total",
        "http_connections_refused_total",
        "session_begun_total",
        "session_conflicts_total",
        "session_swept_rows_total",
    ] {
        counter!(name).increment(0);
    }
    let tidy = handle.clone();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(TIDY_EVERY);
        loop {
            ticks.tick().await;
            tidy.run_upkeep();
        }
    });
    Ok(handle)
}

/// `/metrics`, which is served at an address of its own.
pub fn router(handle: PrometheusHandle, db: Database) -> Router {
    let show = async move || {
        pool("readers", db.readers());
        pool("writer", db.writer());
        ([(CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response()
    };
    Router::new().route("/metrics", get(show))
}

fn pool(name: &'static str, pool: &Pool) {
    let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
    let in_use = pool.size().saturating_sub(idle);
    gauge!(CONNECTIONS, "pool" => name, "state" => "idle").set(idle);
    gauge!(CONNECTIONS, "pool" => name, "state" => "in_use").set(in_use);
}

/// The middleware that counts requests.
pub async fn measure(request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = method(request.method());
    let path = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = match &path {
        _ if response.extensions().get::<IsFile>().is_some() => "(file)".into(),
        Some(path) => path.as_str().to_owned(),
        None => "(none)".into(),
    };
    // Few values are possible for the status, so there are few series for each route.
    let status = response.status().as_u16().to_string();
    histogram!(TIMES, "route" => route.clone()).record(start.elapsed());
    counter!(REQUESTS, "method" => method, "route" => route, "status" => status).increment(1);
    response
}

/// Other methods are counted together, because clients can invent any number of them.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}
