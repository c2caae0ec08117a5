//! Thousands of requests to the real binary, over raw sockets: right ones and spoilt ones, over every path, method and field that
//! `docs/interface.md` lists. No answer is a fault of the server's, nothing panics, and nothing grows beyond what was asked for.
//!
//! `FUZZ_REQUESTS` says how many, `FUZZ_SEED` repeats a run as far as threads allow: each visitor sends the same requests again.

mod database;
mod draft;
mod frame;
mod hostile;
mod interface;
mod lists;
mod request;
mod visitor;
mod wire;

use std::{fmt::Write as _, fs, time::Instant};

use self::{
    interface::{FILES, endpoints},
    request::{Ending, Request},
    visitor::{Failure, Tally, Visitor, is_sound},
    wire::Connection,
};
use crate::running::Running;

/// So many visitors send at once.
const VISITORS: usize = 4;

/// The most that the server's memory may grow after the first third of the requests, in bytes. What the app keeps has bounds: 4 MiB each
/// for sessions, users, pages and the rest, and a log of 5,000 sessions with a kilobyte or two each; some of it is filled only later.
/// Bodies of 4 MB and values of 1 MB leave gaps in each thread's heap. A leak of a kilobyte for each of the 66,000 requests after the first
/// third of 100,000 would be more.
const GROWTH: u64 = 60 * 1024 * 1024;

/// Sends the number of requests that the environment or `default` sets, and returns a report.
pub(crate) async fn run(default: usize) -> String {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let requests = number("FUZZ_REQUESTS").map_or(default, |count| usize::try_from(count).unwrap());
    let seed = number("FUZZ_SEED").unwrap_or_else(|| fastrand::u64(..));
    let folder = tempfile::tempdir().unwrap();
    let settings = [("SIGN_IN_LIMIT", "off"), ("SESSION_LIMIT", "off"), ("LEPTOS_SITE_ROOT", FILES)];
    let server = Running::start_with(folder.path(), &settings);
    let endpoints = endpoints();
    let start = Instant::now();
    let mut visitors: Vec<_> =
        (0..VISITORS).map(|name| Visitor::new(server.address(), &endpoints, seed, name)).collect();
    let mut memory = Vec::new();
    for _ in 0..3 {
        if let Err(failure) = send(&mut visitors, requests.div_ceil(3 * VISITORS)) {
            panic!("FUZZ_SEED={seed}: {}", report(server.address(), *failure));
        }
        memory.extend(at_rest(&server));
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
            last.saturating_sub(*first) < GROWTH,
            "FUZZ_SEED={seed}: the server has grown: {memory:?} bytes"
        );
    }
    let total: usize = tally.answers.values().sum();
    let mut report = format!("FUZZ_SEED={seed}: {total} requests in {seconds} s\n");
    let _ = writeln!(report, "answers by status: {:?}", tally.answers);
    let _ = writeln!(
        report,
        "resident memory after each third, MiB: {:?}",
        memory.iter().map(|bytes| bytes >> 20).collect::<Vec<_>>()
    );
    let _ = writeln!(report, "rows, and the most that were asked for: {rows:?}");
    let mut missed: Vec<_> = endpoints
        .iter()
        .map(|endpoint| &*endpoint.path)
        .filter(|path| !tally.reached.contains(*path))
        .collect();
    missed.dedup();
    let _ = writeln!(report, "never answered by success: {missed:?}");
    // Where most were refused by HTTP itself, or nearly all went well, the app was not tried.
    let share = |range: std::ops::Range<u16>| {
        tally.answers.range(range).map(|(_, count)| count).sum::<usize>() * 100 / total
    };
    assert!(share(200..300) > 20 && share(300..400) > 3 && share(400..500) > 20, "a dull run: {report}");
    report
}

/// Each visitor sends so many requests, all at once.
fn send(visitors: &mut [Visitor<'_>], requests: usize) -> Result<(), Box<Failure>> {
    std::thread::scope(|scope| {
        let sending: Vec<_> =
            visitors.iter_mut().map(|visitor| scope.spawn(move || visitor.send(requests))).collect();
        sending.into_iter().map(|thread| thread.join().unwrap()).fold(Ok(()), Result::and)
    })
}

fn still_answers(server: &Running) {
    for path in ["/healthz", "/readyz", "/api/visitor/show", "/"] {
        let answer = server.get(path, "");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
    }
}

/// The failure, and how little of the request makes it when it is sent alone.
fn report(address: &str, failure: Failure) -> String {
    let fails = |request: &Request| match Connection::open(address).ask(request) {
        Ok(Some(answer)) => is_sound(&answer).is_err(),
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
    let _ = write!(text, "The least of it that fails alone:\n{request}");
    text
}

fn without(headers: &[Vec<u8>], place: usize) -> Vec<Vec<u8>> {
    headers.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, line)| line.clone()).collect()
}

/// What the server holds in memory when it has nothing to do but answer, in bytes, where the system tells it: what the last requests
/// took is given back by and by.
fn at_rest(server: &Running) -> Option<u64> {
    (0..50)
        .filter_map(|_| {
            still_answers(server);
            resident(server.process())
        })
        .min()
}

/// What a process holds in memory, in bytes.
fn resident(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}
