//! A client that takes as much as it can, by slow forms or idle connections, and what is left for the others.
//! On Linux, where the whole of 127.0.0.0/8 is the machine itself.

#![cfg(target_os = "linux")]

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use tokio::net::TcpSocket;

use crate::{faults::status, running::Running};

/// The address of the client that takes as much as it can. The others come from 127.0.0.1.
const GREEDY: &str = "127.0.0.2:0";

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: satchel.test\r\nConnection: close\r\n\r\n";

/// A connection from the greedy client.
async fn connect(server: &Running) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(GREEDY.parse().unwrap()).unwrap();
    let stream = socket.connect(server.address().parse().unwrap()).await.unwrap().into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream
}

/// Asks for [`HEALTH`] as the greedy client and returns the whole answer.
async fn health(server: &Running) -> String {
    let mut stream = connect(server).await;
    stream.write_all(HEALTH.as_bytes()).unwrap();
    answer(&mut stream)
}

fn answer(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Sends the head and the first byte of a form, and returns when the server says that it reads the body (RFC 9110, 10.1.1).
async fn begin(server: &Running, path: &str, length: usize) -> TcpStream {
    let mut stream = connect(server).await;
    let headers =
        "Host: satchel.test\r\nAccept: application/json\r\nConnection: close\r\nExpect: 100-continue";
    let request = format!("POST {path} HTTP/1.1\r\n{headers}\r\nContent-Length: {length}\r\n\r\ne");
    stream.write_all(request.as_bytes()).unwrap();
    let mut said = [0; 25];
    stream.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"HTTP/1.1 100 Continue\r\n\r\n", "{}", String::from_utf8_lossy(&said));
    stream
}

/// Security: 15.2.2
#[tokio::test]
async fn a_thousand_slow_forms_of_one_client_leave_the_forms_of_others_working() {
    const SLOW: usize = 1_000;
    const LENGTH: usize = 60_000;
    /// What others may wait for an answer: it is promised, and a thousand times what a form takes without the slow ones.
    const PROMISED: Duration = Duration::from_secs(1);

    let files = rlimit::increase_nofile_limit(4_096).unwrap();
    assert!(files >= 4_096, "raise the limit of open files (ulimit -Hn), which is {files}");
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path());
    let mut slow = Vec::new();
    for _ in 0..SLOW {
        slow.push(begin(&server, "/api/auth/login", LENGTH).await);
    }

    for (path, form) in [
        ("/api/auth/login", "email=demo@example.com&password=keep-it-in-the-satchel"),
        // <shop>
        ("/api/cart/add", "product=1"),
        // </shop>
        ("/api/preferences/theme", "theme=dark"),
    ] {
        let begun = Instant::now();
        let answer = server.post(path, "", form);
        assert_eq!(status(&answer), 200, "{answer}");
        assert!(begun.elapsed() < PROMISED, "{path}: {:?}", begun.elapsed());
    }

    for stream in &slow {
        stream.set_nonblocking(true).unwrap();
        let answered = stream.peek(&mut [0]);
        assert_eq!(answered.map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
        stream.set_nonblocking(false).unwrap();
    }
    let mut first = slow.swap_remove(0);
    first.write_all(&[b'e'; LENGTH - 1]).unwrap();
    let refused = answer(&mut first);
    assert_eq!(status(&refused), 422, "a slow form is read to its end: {refused}");
}

/// Security: 15.2.2
#[tokio::test]
async fn one_client_holds_half_of_the_connections_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start_with(folder.path(), &[("CONNECTION_LIMIT", "20")]);
    let mut idle = Vec::new();
    for _ in 0..10 {
        idle.push(connect(&server).await);
    }
    let refused = health(&server).await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 1"), "{refused}");
    assert_eq!(status(&server.send(HEALTH)), 200, "another client has the other half");
    drop(idle);
    let mut answer = health(&server).await;
    // The server needs a moment to see that they are closed.
    for _ in 0..10_000 {
        if status(&answer) == 200 {
            break;
        }
        answer = health(&server).await;
    }
    assert_eq!(status(&answer), 200, "{answer}");
}

#[tokio::test]
async fn a_proxy_may_hold_all_connections() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("CONNECTION_LIMIT", "20"), ("CLIENT_IP_SOURCE", "XRealIp")];
    let server = Running::start_with(folder.path(), &settings);
    let mut idle = Vec::new();
    for _ in 0..19 {
        idle.push(connect(&server).await);
    }
    assert_eq!(status(&health(&server).await), 200);
    drop(idle);
}
