//! Clients that hold connections and do nothing with them.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use crate::{
    process::memory,
    running::{Running, post},
};

/// The longest wait before a test fails.
const NEVER: Duration = Duration::from_secs(120);

/// What a connection may take on the server, in bytes: two buffers of hyper's, its task, and what the kernel does not count.
const EACH: u64 = 64 * 1024;

fn is_served(server: &Running) -> bool {
    let page = server.get("/", "").starts_with("HTTP/1.1 200");
    page && server.begin_session("").starts_with("HTTP/1.1 200")
}

fn connect(server: &Running) -> TcpStream {
    TcpStream::connect(server.address()).unwrap()
}

/// Waits until the server has closed the connection, and returns what it said before.
fn closed(mut stream: TcpStream) -> String {
    stream.set_read_timeout(Some(NEVER)).unwrap();
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("still open: {error}"),
    }
    String::from_utf8(said).unwrap()
}

#[test]
fn two_thousand_idle_connections_keep_nobody_out_and_are_closed_in_the_end() {
    const MANY: u32 = 2_000;

    rlimit::increase_nofile_limit(10_000).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path());
    assert!(is_served(&server));
    let before = memory(&server);
    let idle: Vec<_> = (0..MANY)
        .map(|number| {
            let mut stream = connect(&server);
            // Every other one has begun to ask, and every fourth has been answered.
            match number % 4 {
                0 => {}
                1 | 3 => stream.write_all(b"GET / HTTP/1.1\r\nHost: satchel.test\r\nX-Slow: ").unwrap(),
                _ => {
                    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: satchel.test\r\n\r\n").unwrap();
                    let _ = stream.read(&mut [0; 1_024]).unwrap();
                }
            }
            stream
        })
        .collect();
    assert!(is_served(&server));
    let during = memory(&server);
    println!("{MANY} idle connections: {} KiB each", during.saturating_sub(before) / u64::from(MANY) / 1_024);
    assert!(during < before + EACH * u64::from(MANY), "{before} bytes before, {during} with them");
    for stream in idle {
        closed(stream);
    }
    assert!(is_served(&server));
}

/// From another address of this machine: one address holds half of the connections at most.
#[cfg(target_os = "linux")]
async fn connect_from(address: &str, server: &Running) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(address.parse().unwrap()).unwrap();
    let stream = socket.connect(server.address().parse().unwrap()).await.unwrap().into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn where_there_is_no_room_a_client_is_told_to_come_again_and_later_served() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start_with(folder.path(), &[("CONNECTION_LIMIT", "20")]);
    let mut idle = Vec::new();
    for address in ["127.0.0.2:0", "127.0.0.3:0"] {
        for _ in 0..10 {
            idle.push(connect_from(address, &server).await);
        }
    }
    let refused = closed(connect(&server));
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 1"), "{refused}");
    for stream in idle {
        closed(stream);
    }
    assert!(is_served(&server));
}

#[test]
fn a_client_that_stops_reading_is_let_go_and_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path());
    assert!(is_served(&server));
    let before = memory(&server);
    let deaf: Vec<_> = (0..50)
        .map(|_| {
            let mut stream = connect(&server);
            stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
            let asked = "GET / HTTP/1.1\r\nHost: satchel.test\r\nAccept: text/html\r\n\r\n".repeat(1_000);
            // As much as goes in before both sides are full.
            let _ = stream.write(asked.as_bytes()).unwrap();
            stream
        })
        .collect();
    assert!(is_served(&server));
    let during = memory(&server);
    println!("50 clients that do not read: {} KiB each", during.saturating_sub(before) / 50 / 1_024);
    assert!(during < before + 50 * 1_024 * 1_024, "{before} bytes before, {during} with them");
    // The server has closed when no more can be sent to it; what it had sent until then was never read.
    for stream in deaf {
        stream.set_write_timeout(Some(NEVER)).unwrap();
        let gone = std::iter::repeat_with(|| (&stream).write(b"x")).find_map(Result::err).unwrap();
        assert!(matches!(gone.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{gone}");
    }
    assert!(is_served(&server));
}

#[test]
fn a_form_that_comes_byte_by_byte_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path());
    let form = post("/api/preferences/theme", "", &"x".repeat(1_000));
    let (head, body) = form.split_once("\r\n\r\n").unwrap();
    let mut stream = connect(&server);
    stream.write_all(format!("{head}\r\n\r\n").as_bytes()).unwrap();
    // Waiting for an answer is what makes it slow.
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut answer = [0; 4_096];
    let read = body.bytes().find_map(|byte| {
        stream.write_all(&[byte]).ok()?;
        stream.read(&mut answer).ok()
    });
    let answer = String::from_utf8_lossy(&answer[..read.unwrap()]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("too_slow"), "{answer}");
}
