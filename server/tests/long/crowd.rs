//! Idle and slow clients do not block others.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use crate::running::{TestServer, post};

/// The longest wait for the server to close a connection.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The memory that a connection may take on the server, in bytes.
const MAX_MEMORY: u64 = 64 * 1024;

fn is_served(server: &TestServer) -> bool {
    let page = server.get("/", "").starts_with("HTTP/1.1 200");
    page && server.begin_session("").starts_with("HTTP/1.1 200")
}

fn connect(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.address()).unwrap()
}

/// Waits until the server has closed the connection, and returns its response.
fn closed(mut stream: TcpStream) -> String {
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    let mut response = Vec::new();
    match stream.read_to_end(&mut response) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("still open: {error}"),
    }
    String::from_utf8(response).unwrap()
}

#[test]
fn two_thousand_idle_connections_block_no_client_and_are_closed() {
    const MANY: u32 = 2_000;

    rlimit::increase_nofile_limit(10_000).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    assert!(is_served(&server));
    let before = server.memory("VmRSS").unwrap_or(0);
    let idle: Vec<_> = (0..MANY)
        .map(|number| {
            let mut stream = connect(&server);
            // Every second client has sent half a request, and every fourth has got a response.
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
    let during = server.memory("VmRSS").unwrap_or(0);
    println!("{MANY} idle connections: {} KiB each", during.saturating_sub(before) / u64::from(MANY) / 1_024);
    assert!(during < before + MAX_MEMORY * u64::from(MANY), "{before} bytes before, {during} with them");
    for stream in idle {
        closed(stream);
    }
    assert!(is_served(&server));
}

/// Connects from another address of this machine, because one address gets at most half of the connections.
#[cfg(target_os = "linux")]
async fn connect_from(address: &str, server: &TestServer) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(address.parse().unwrap()).unwrap();
    let stream = socket.connect(server.address().parse().unwrap()).await.unwrap().into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_client_over_the_connection_limit_gets_503_and_is_served_later() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(folder.path(), &[("CONNECTION_LIMIT", "20")]);
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
fn a_client_that_stops_reading_is_disconnected_and_blocks_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    assert!(is_served(&server));
    let before = server.memory("VmRSS").unwrap_or(0);
    let clients: Vec<_> = (0..50)
        .map(|_| {
            let mut stream = connect(&server);
            stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
            let requests = "GET / HTTP/1.1\r\nHost: satchel.test\r\nAccept: text/html\r\n\r\n".repeat(1_000);
            // Writes until the buffers of both sides are full.
            let _ = stream.write(requests.as_bytes()).unwrap();
            stream
        })
        .collect();
    assert!(is_served(&server));
    let during = server.memory("VmRSS").unwrap_or(0);
    println!("50 clients that do not read: {} KiB each", during.saturating_sub(before) / 50 / 1_024);
    assert!(during < before + 50 * 1_024 * 1_024, "{before} bytes before, {during} with them");
    // Writing fails as soon as the server has closed the connection.
    for stream in clients {
        stream.set_write_timeout(Some(TIMEOUT)).unwrap();
        let error = std::iter::repeat_with(|| (&stream).write(b"x")).find_map(Result::err).unwrap();
        assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
    }
    assert!(is_served(&server));
}

#[test]
fn a_form_that_arrives_byte_by_byte_times_out() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let form = post("/api/preferences/theme", "", &"x".repeat(1_000));
    let (head, body) = form.split_once("\r\n\r\n").unwrap();
    let mut stream = connect(&server);
    stream.write_all(format!("{head}\r\n\r\n").as_bytes()).unwrap();
    // Waits half a second for a response after each byte.
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut response = [0; 4_096];
    let read = body.bytes().find_map(|byte| {
        stream.write_all(&[byte]).ok()?;
        stream.read(&mut response).ok()
    });
    let response = String::from_utf8_lossy(&response[..read.unwrap()]).into_owned();
    assert!(response.starts_with("HTTP/1.1 408") && response.contains("too_slow"), "{response}");
}
