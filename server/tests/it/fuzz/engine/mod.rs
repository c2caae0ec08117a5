//! Sends thousands of valid and invalid requests to the real binary, for every path, method and field in `docs/interface.md`. The server
//! must not panic or respond with a 5xx, and its memory and database must not grow more than expected.
//!
//! `FUZZ_REQUESTS` sets the number of requests. `FUZZ_SEED` repeats a run: each visitor sends the same requests, in its own thread.

mod database;
mod draft;
mod frame;
mod hostile;
pub(crate) mod interface;
mod lists;
mod request;
mod visitor;
mod wire;

use std::{fmt::Write as _, time::Instant};

use self::{
    interface::{FILES, endpoints},
    request::{Ending, Request},
    visitor::{Failure, Tally, Visitor, check_response},
    wire::Connection,
};
use crate::running::TestServer;

/// Visitors that send requests at the same time.
const VISITORS: usize = 4;

/// The maximum growth of the server's memory after the first third of the requests, in bytes. Caches of 4 MiB each, the logs of 5,000
/// sessions and the fragmented heap need less; a leak of 1 KiB in each of 66,000 requests exceeds it.
const MAX_GROWTH: u64 = 60 * 1024 * 1024;

/// Sends `FUZZ_REQUESTS` or `default` requests, and returns a report.
pub(crate) async fn run(default: usize) -> String {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let requests = number("FUZZ_REQUESTS").map_or(default, |count| usize::try_from(count).unwrap());
    let seed = number("FUZZ_SEED").unwrap_or_else(|| fastrand::u64(..));
    let folder = tempfile::tempdir().unwrap();
    let settings = [("SIGN_IN_LIMIT", "off"), ("SESSION_LIMIT", "off"), ("LEPTOS_SITE_ROOT", FILES)];
    let server = TestServer::start_with(folder.path(), &settings);
    let endpoints = endpoints();
    let start = Instant::now();
    let mut visitors: Vec<_> =
        (0..VISITORS).map(|name| Visitor::new(server.address(), &endpoints, seed, name)).collect();
    let mut memory = Vec::new();
    for _ in 0..3 {
        if let Err(failure) = send(&mut visitors, requests.div_ceil(3 * VISITORS)) {
            panic!("FUZZ_SEED={seed}: {}", report(server.address(), *failure));
        }
        memory.extend(idle_memory(&server));
    }
    let seconds = start.elapsed().as_secs();
    let mut tally = Tally::default();
    visitors.into_iter().for_each(|visitor| tally.add(visitor.tally));

    let log = server.log();
    let faults: Vec<_> =
        log.iter().filter(|line| line.contains("ERROR") || line.contains("panicked")).take(5).collect();
    assert!(faults.is_empty(), "FUZZ_SEED={seed}: in the log: {faults:#?}");
    let rows = database::check(folder.path(), &tally).await;
    if let [first, .., last] = memory.as_slice() {
        assert!(
            last.saturating_sub(*first) < MAX_GROWTH,
            "FUZZ_SEED={seed}: the memory has grown: {memory:?} bytes"
        );
    }
    let total: usize = tally.responses.values().sum();
    let mut report = format!("FUZZ_SEED={seed}: {total} requests in {seconds} s\n");
    let _ = writeln!(report, "responses by status: {:?}", tally.responses);
    let _ = writeln!(
        report,
        "resident memory after each third, MiB: {:?}",
        memory.iter().map(|bytes| bytes >> 20).collect::<Vec<_>>()
    );
    let _ = writeln!(report, "rows, and the most that the requests may have created: {rows:?}");
    let mut missed: Vec<_> = endpoints
        .iter()
        .map(|endpoint| &*endpoint.path)
        .filter(|path| !tally.reached.contains(*path))
        .collect();
    missed.dedup();
    let _ = writeln!(report, "never successful: {missed:?}");
    // A run with too few successes or refusals does not test the app.
    let share = |range: std::ops::Range<u16>| {
        tally.responses.range(range).map(|(_, count)| count).sum::<usize>() * 100 / total
    };
    assert!(
        share(200..300) > 20 && share(300..400) > 3 && share(400..500) > 20,
        "too few responses of one kind: {report}"
    );
    report
}

/// Lets all visitors send this number of requests at the same time.
fn send(visitors: &mut [Visitor<'_>], requests: usize) -> Result<(), Box<Failure>> {
    std::thread::scope(|scope| {
        let sending: Vec<_> =
            visitors.iter_mut().map(|visitor| scope.spawn(move || visitor.send(requests))).collect();
        sending.into_iter().map(|thread| thread.join().unwrap()).fold(Ok(()), Result::and)
    })
}

fn expect_available(server: &TestServer) {
    for path in ["/healthz", "/readyz", "/api/visitor/show", "/"] {
        let response = server.get(path, "");
        assert!(response.starts_with("HTTP/1.1 200 "), "{path}: {response}");
    }
}

/// Describes the failure, with the smallest request that still fails alone.
fn report(address: &str, failure: Failure) -> String {
    let fails = |request: &Request| match Connection::open(address).exchange(request) {
        Ok(Some(response)) => check_response(&response).is_err(),
        Ok(None) => request.ending == Ending::Whole,
        Err(_) => true,
    };
    let Failure { mut request, what } = failure;
    let mut text = format!("{what}\n{request}");
    if !fails(&request) {
        text.push_str("Sent alone, it does not fail.");
        return text;
    }
    for place in (0..request.headers.len()).rev() {
        let less = Request { headers: without(&request.headers, place), ..request.clone() };
        if fails(&less) {
            request = less;
        }
    }
    let _ = write!(text, "The smallest request that fails alone:\n{request}");
    text
}

fn without(headers: &[Vec<u8>], place: usize) -> Vec<Vec<u8>> {
    headers.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, line)| line.clone()).collect()
}

/// The memory of the idle server, in bytes. The allocator returns memory with a delay, so this is the minimum of several measurements.
fn idle_memory(server: &TestServer) -> Option<u64> {
    (0..50)
        .filter_map(|_| {
            expect_available(server);
            server.memory("VmRSS")
        })
        .min()
}
