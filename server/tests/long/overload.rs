//! Three times the load that the server can serve: it says so to those it cannot serve, and is as fast as before afterwards.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::{process::memory, running::Running};

/// How long each load lasts.
const LASTS: Duration = Duration::from_secs(10);

/// So often new clients come.
const TICK: Duration = Duration::from_millis(5);

/// So much memory more may be in use under the load, in bytes: thousands of connections of 16 KiB, and the pages of some requests.
const MORE: u64 = 128 * 1024 * 1024;

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

/// What becomes of a load: clients ask for pages that are rendered each time, and each for the next when it is answered; or, where
/// there is a pace, so many ask `per_second`, whether others were answered or not.
fn load(server: &Running, clients: u64, per_second: Option<u64>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (served, shed) = runtime.block_on(async {
        let start = Instant::now();
        let mut asking = JoinSet::new();
        let mut ticks = tokio::time::interval(TICK);
        let (mut number, mut served, mut shed) = (0, 0, 0);
        let mut count = |answer: bool| if answer { served += 1 } else { shed += 1 };
        while start.elapsed() < LASTS {
            let asked = |number| ask(server.address().to_owned(), page(number));
            let due = match per_second {
                Some(pace) => u64::try_from(start.elapsed().as_millis()).unwrap() * pace / 1_000,
                None => number + clients - asking.len() as u64,
            };
            for number in number..due {
                asking.spawn(asked(number));
            }
            number = due;
            if per_second.is_some() {
                ticks.tick().await;
                while let Some(answer) = asking.try_join_next() {
                    count(answer.unwrap());
                }
            } else if let Some(answer) = asking.join_next().await {
                count(answer.unwrap());
            }
        }
        while let Some(answer) = asking.join_next().await {
            count(answer.unwrap());
        }
        (served, shed)
    });
    Outcome { served, shed }
}

/// Asks for a page, and returns whether it came; else it was refused as it should be.
async fn ask(address: String, request: String) -> bool {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let head = String::from_utf8_lossy(&answer[..answer.len().min(1_000)]).into_owned();
    let served = head.starts_with("HTTP/1.1 200");
    let refused = head.starts_with("HTTP/1.1 503") && head.contains("retry-after: 1");
    assert!(served || refused, "{head}");
    served
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
    rlimit::increase_nofile_limit(20_000).unwrap();
    // All clients have one address here, which holds half of the connections at most.
    let server = Running::start_with(folder.path(), &[("CONNECTION_LIMIT", "8192")]);
    let before = load(&server, 8, None);
    assert_eq!(before.shed, 0, "the usual load is served whole");
    let usual = memory(&server);

    let during = load(&server, 0, Some(3 * before.served / LASTS.as_secs()));
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
    assert!(most < usual + MORE, "{usual} bytes before, {most} under the load");
    assert_eq!(after.shed, 0);
    // Not a speed but the same speed, with room for what else the machine does.
    assert!(2.0 * after.per_second() > before.per_second());
}
