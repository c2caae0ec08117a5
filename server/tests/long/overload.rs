//! At three times the load that it can serve, the server refuses some requests, and afterwards it is as fast as before.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::running::TestServer;

const DURATION: Duration = Duration::from_secs(10);

/// The time between new clients.
const TICK: Duration = Duration::from_millis(5);

/// The memory that the load may take, in bytes: thousands of connections of 16 KiB, and some pages.
const MAX_GROWTH: u64 = 128 * 1024 * 1024;

/// The number of requests that were served and refused.
struct Outcome {
    served: u64,
    refused: u64,
}

impl Outcome {
    fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let served = self.served as f64;
        served / DURATION.as_secs_f64()
    }
}

/// Requests pages that are not cached. `clients` send the next request after each response; with `per_second`, that many requests are
/// sent each second without waiting for responses.
fn load(server: &TestServer, clients: u64, per_second: Option<u64>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (served, refused) = runtime.block_on(async {
        let start = Instant::now();
        let mut pending = JoinSet::new();
        let mut ticks = tokio::time::interval(TICK);
        let (mut number, mut served, mut refused) = (0, 0, 0);
        let mut count = |is_served: bool| if is_served { served += 1 } else { refused += 1 };
        while start.elapsed() < DURATION {
            let request = |number| is_served(server.address().to_owned(), page(number));
            let due = match per_second {
                Some(pace) => u64::try_from(start.elapsed().as_millis()).unwrap() * pace / 1_000,
                None => number + clients - pending.len() as u64,
            };
            for number in number..due {
                pending.spawn(request(number));
            }
            number = due;
            if per_second.is_some() {
                ticks.tick().await;
                while let Some(response) = pending.try_join_next() {
                    count(response.unwrap());
                }
            } else if let Some(response) = pending.join_next().await {
                count(response.unwrap());
            }
        }
        while let Some(response) = pending.join_next().await {
            count(response.unwrap());
        }
        (served, refused)
    });
    Outcome { served, refused }
}

/// Requests a page, and returns whether it was served; otherwise it must be refused with a 503.
async fn is_served(address: String, request: String) -> bool {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();
    let head = String::from_utf8_lossy(&response[..response.len().min(1_000)]).into_owned();
    let served = head.starts_with("HTTP/1.1 200");
    let refused = head.starts_with("HTTP/1.1 503") && head.contains("retry-after: 1");
    assert!(served || refused, "{head}");
    served
}

/// A request for a page that is not in the cache.
fn page(number: u64) -> String {
    format!(
        "GET /login?number={number} HTTP/1.1\r\nHost: satchel.test\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
    )
}

#[test]
fn at_three_times_its_load_the_server_refuses_requests_and_recovers_its_speed() {
    let folder = tempfile::tempdir().unwrap();
    rlimit::increase_nofile_limit(20_000).unwrap();
    // All clients have the same address, which gets at most half of the connections.
    let server = TestServer::start_with(folder.path(), &[("CONNECTION_LIMIT", "8192")]);
    let before = load(&server, 8, None);
    assert_eq!(before.refused, 0, "the usual load is served completely");
    let usual = server.memory("VmRSS").unwrap_or(0);

    let during = load(&server, 0, Some(3 * before.served / DURATION.as_secs()));
    let most = server.memory("VmRSS").unwrap_or(0);
    let after = load(&server, 8, None);
    println!(
        "usual: {:.0} pages a second; at three times the load: {:.0} served, {} of {} refused; afterwards: {:.0}. Memory: {} MiB, {} MiB",
        before.per_second(),
        during.per_second(),
        during.refused,
        during.refused + during.served,
        after.per_second(),
        usual / 1024 / 1024,
        most / 1024 / 1024,
    );
    assert!(during.refused > 0 && during.served > 0);
    assert!(most < usual + MAX_GROWTH, "{usual} bytes before, {most} under the load");
    assert_eq!(after.refused, 0);
    // At least half the speed, because other programs use the machine too.
    assert!(2.0 * after.per_second() > before.per_second());
}
