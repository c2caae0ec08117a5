//! What everybody else notices while fifty want to sign in at once: the times of a page without them and with them, in one run.
//! `cargo bench -p server --bench sign_ins`.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on says where by panicking")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its results")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

const SIGN_INS: usize = 50;
const READERS: usize = 2;
const PAGES: usize = 1_500;

struct Server {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whether it is gone already does not matter.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_server"))
        .current_dir(folder.path())
        .env_clear()
        .envs([
            ("LEPTOS_SITE_ADDR", "127.0.0.1:0"),
            ("SIGN_IN_LIMIT", "off"),
            ("CLIENT_IP_SOURCE", "XRealIp"),
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let address = log.find_map(|line| Some(line.split_once("Satchel is at http://")?.1.trim().to_owned()));
    thread::spawn(move || log.for_each(drop));
    Server { child, address: address.unwrap(), _folder: folder }
}

fn send(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The times of the home page, sorted.
fn pages(address: &str) -> Vec<Duration> {
    let request = "GET / HTTP/1.1\r\nHost: satchel.test\r\nConnection: close\r\n\r\n";
    let times = thread::scope(|scope| {
        let read = || {
            let time = |_| {
                let begun = Instant::now();
                assert!(send(address, request).starts_with("HTTP/1.1 200"));
                begun.elapsed()
            };
            (0..PAGES).map(time).collect::<Vec<_>>()
        };
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(read)).collect();
        readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect::<Vec<_>>()
    });
    let mut times = times;
    times.sort();
    times
}

fn percentile(times: &[Duration], percent: usize) -> Duration {
    times[(times.len() - 1) * percent / 100]
}

fn main() {
    let server = start();
    let address = server.address.as_str();
    pages(address);
    let alone = pages(address);

    let (done, signed_in) = (AtomicBool::new(false), AtomicU32::new(0));
    let body = "email=demo@example.com&password=keep-it-in-the-satchel";
    let form = "Content-Type: application/x-www-form-urlencoded";
    // Each client has an address of its own: one network has only a share of the queue for password hashes.
    let request = |client: usize| {
        format!(
            "POST /api/auth/login HTTP/1.1\r\nHost: satchel.test\r\nAccept: application/json\r\n{form}\r\n\
             X-Real-Ip: 10.0.{client}.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let among = thread::scope(|scope| {
        for client in 0..SIGN_INS {
            let (request, done, signed_in) = (request(client), &done, &signed_in);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    assert!(send(address, &request).starts_with("HTTP/1.1 200"));
                    signed_in.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let times = pages(address);
        done.store(true, Ordering::Relaxed);
        times
    });
    println!(
        "{READERS} readers of the home page, and {SIGN_INS} who sign in ({} did)",
        signed_in.into_inner()
    );
    for percent in [50, 99] {
        let (alone, among) = (percentile(&alone, percent), percentile(&among, percent));
        let ratio = among.as_secs_f64() / alone.as_secs_f64();
        println!("p{percent}: {alone:?} without them, {among:?} with them: {ratio:.2} times");
    }
}
