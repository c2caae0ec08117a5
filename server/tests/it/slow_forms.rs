//! Slow forms and idle connections of one client do not block others. Linux only, where every address in 127.0.0.0/8 is local.

#![cfg(target_os = "linux")]

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use tokio::net::TcpSocket;

use crate::{
    client::DEMO,
    running::{TestServer, status},
};

/// The address of the greedy client. The others connect from 127.0.0.1.
const GREEDY: &str = "127.0.0.2:0";

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: satchel.test\r\nConnection: close\r\n\r\n";

/// Connects as the greedy client.
async fn connect(server: &TestServer) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(GREEDY.parse().unwrap()).unwrap();
    let stream = socket.connect(server.address().parse().unwrap()).await.unwrap().into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream
}

/// Sends [`HEALTH`] as the greedy client, and returns the response.
async fn health(server: &TestServer) -> String {
    let mut stream = connect(server).await;
    stream.write_all(HEALTH.as_bytes()).unwrap();
    response(&mut stream)
}

fn response(stream: &mut TcpStream) -> String {
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

/// Sends the head and the first byte of a form, and waits until the server reads the body (RFC 9110, 10.1.1).
async fn begin(server: &TestServer, path: &str, length: usize) -> TcpStream {
    let mut stream = connect(server).await;
    let headers =
        "Host: satchel.test\r\nAccept: application/json\r\nConnection: close\r\nExpect: 100-continue";
    let request = format!("POST {path} HTTP/1.1\r\n{headers}\r\nContent-Length: {length}\r\n\r\ne");
    stream.write_all(request.as_bytes()).unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n", "{}", String::from_utf8_lossy(&interim));
    stream
}

/// Security: 15.2.2
#[tokio::test]
async fn a_thousand_slow_forms_of_one_client_leave_the_forms_of_others_working() {
    const SLOW: usize = 1_000;
    const LENGTH: usize = 60_000;
    /// A thousand times the usual time of a form.
    const MAX_WAIT: Duration = Duration::from_secs(1);

    let files = rlimit::increase_nofile_limit(4_096).unwrap();
    assert!(files >= 4_096, "raise the limit of open files (ulimit -Hn), which is {files}");
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let mut slow = Vec::new();
    for _ in 0..SLOW {
        slow.push(begin(&server, "/api/auth/login", LENGTH).await);
    }

    for (path, form) in [
        ("/api/auth/login", DEMO),
        // <shop>
        ("/api/cart/add", "product=1"),
        // </shop>
        ("/api/preferences/theme", "theme=dark"),
    ] {
        let begun = Instant::now();
        let response = server.post(path, "", form);
        assert_eq!(status(&response), 200, "{response}");
        assert!(begun.elapsed() < MAX_WAIT, "{path}: {:?}", begun.elapsed());
    }

    for stream in &slow {
        stream.set_nonblocking(true).unwrap();
        let answered = stream.peek(&mut [0]);
        assert_eq!(answered.map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
        stream.set_nonblocking(false).unwrap();
    }
    let mut first = slow.swap_remove(0);
    first.write_all(&[b'e'; LENGTH - 1]).unwrap();
    let refused = response(&mut first);
    assert_eq!(status(&refused), 422, "a slow form is read to its end: {refused}");
}

/// Security: 15.2.2
#[tokio::test]
async fn one_client_gets_half_of_the_connections_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(folder.path(), &[("CONNECTION_LIMIT", "20")]);
    let mut idle = Vec::new();
    for _ in 0..10 {
        idle.push(connect(&server).await);
    }
    let refused = health(&server).await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 1"), "{refused}");
    assert_eq!(status(&server.send(HEALTH)), 200, "another client has the other half");
    drop(idle);
    let mut response = health(&server).await;
    // The server may not have seen yet that they are closed.
    for _ in 0..10_000 {
        if status(&response) == 200 {
            break;
        }
        response = health(&server).await;
    }
    assert_eq!(status(&response), 200, "{response}");
}

#[tokio::test]
async fn a_proxy_may_use_all_connections() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("CONNECTION_LIMIT", "20"), ("CLIENT_IP_SOURCE", "XRealIp")];
    let server = TestServer::start_with(folder.path(), &settings);
    let mut idle = Vec::new();
    for _ in 0..19 {
        idle.push(connect(&server).await);
    }
    assert_eq!(status(&health(&server).await), 200);
    drop(idle);
}
