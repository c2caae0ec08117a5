//! Three times the load that the server can serve: it says so to those it cannot serve, and is as fast as before afterwards.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    process::memory,
    running::{Running, exchange},
};

/// How long each load lasts.
const LASTS: Duration = Duration::from_secs(10);

/// So many requests may be under way; a debug build is slow, so there is less room than usual.
const ROOM: u64 = 32;

/// What a request that is under way may take, in bytes: a page, its parts and its connection.
const EACH: u64 = 1024 * 1024;

/// What became of a load.
struct Outcome {
    served: u64,
    shed: u64,
}

impl Outcome {
    fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let served = self.served as f64;
        served / LASTS.as_secs_f64()
    }
}

/// Clients ask for a page that is made anew each time, each as soon as it has its turn: `per_second` of them in all, or as many as
/// are served.
fn load(server: &Running, clients: u32, per_second: Option<f64>) -> Outcome {
    let (served, shed, asked) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                while start.elapsed() < LASTS {
                    let number = asked.fetch_add(1, Ordering::Relaxed);
                    if let Some(per_second) = per_second {
                        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
                        let due = Duration::from_secs_f64(number as f64 / per_second);
                        // The pace of the load, not a wait for something.
                        thread::park_timeout(due.saturating_sub(start.elapsed()));
                    }
                    let answer = exchange(server.address(), &page(number)).unwrap();
                    if answer.starts_with("HTTP/1.1 200") {
                        served.fetch_add(1, Ordering::Relaxed);
                    } else {
                        let head = answer.split("\r\n\r\n").next().unwrap();
                        assert!(
                            head.starts_with("HTTP/1.1 503") && head.contains("retry-after: 1"),
                            "{head}"
                        );
                        shed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    Outcome { served: served.into_inner(), shed: shed.into_inner() }
}

/// A page that was not made before.
fn page(number: u64) -> String {
    format!(
        "GET /login?number={number} HTTP/1.1\r\nHost: satchel.test\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
    )
}

#[test]
fn at_three_times_its_load_the_server_sheds_and_afterwards_is_as_fast_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("REQUEST_LIMIT", &*ROOM.to_string()), ("RUST_LOG", "warn")];
    let server = Running::start_with(folder.path(), &settings);
    let before = load(&server, 8, None);
    assert_eq!(before.shed, 0, "the usual load is served whole");
    let usual = memory(&server);

    let during = load(&server, 400, Some(3.0 * before.per_second()));
    let most = memory(&server);
    let after = load(&server, 8, None);
    println!(
        "usual: {:.0} pages a second; at three times the load: {:.0} served, {} of {} refused; afterwards: {:.0}. Memory: {} MiB, {} MiB",
        before.per_second(),
        during.per_second(),
        during.shed,
        during.shed + during.served,
        after.per_second(),
        usual / 1024 / 1024,
        most / 1024 / 1024,
    );
    assert!(during.shed > 0 && during.served > 0);
    assert!(most < usual + ROOM * EACH + 32 * EACH, "{usual} bytes before, {most} under the load");
    assert_eq!(after.shed, 0);
    // Not a speed but the same speed, with room for what else the machine does.
    assert!(2.0 * after.per_second() > before.per_second());
}
