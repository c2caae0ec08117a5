//! Requests beyond what there is room for, and those that are on their way when the server stops.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use crate::{
    faults::status,
    running::{Running, post},
};

/// A form whose beginning the server is reading, and its last bytes.
struct OnItsWay {
    stream: TcpStream,
    rest: &'static str,
}

impl OnItsWay {
    /// Sends all but the last bytes. That the server reads it, it says itself (RFC 9110, 10.1.1).
    fn begin(server: &Running) -> Self {
        let rest = "dark";
        let form = post("/api/preferences/theme", "", "theme=dark");
        let form = form.replacen("\r\n", "\r\nExpect: 100-continue\r\n", 1);
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(form.strip_suffix(rest).unwrap().as_bytes()).unwrap();
        let mut said = [0; 25];
        stream.read_exact(&mut said).unwrap();
        assert_eq!(&said, b"HTTP/1.1 100 Continue\r\n\r\n");
        Self { stream, rest }
    }

    /// Sends the rest, and returns the answer.
    fn finish(mut self) -> String {
        self.stream.write_all(self.rest.as_bytes()).unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

#[test]
fn a_stopping_server_waits_for_the_form_that_is_on_its_way() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path());
    let form = OnItsWay::begin(&server);
    server.signal("-TERM");
    let refused = || TcpStream::connect(server.address()).is_err();
    assert!((0..1_000_000).any(|_| refused()), "new connections are still taken");
    let answer = form.finish();
    assert_eq!(status(&answer), 200, "{answer}");
    assert!(answer.contains("\"theme\":\"dark\""), "{answer}");
}

#[test]
fn slow_forms_leave_room_for_who_reads_and_whoever_sends_then_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    // Two places, one of them for forms that are on their way.
    let server = Running::start_with(folder.path(), &[("REQUEST_LIMIT", "2")]);
    let form = OnItsWay::begin(&server);
    let busy = server.post("/api/preferences/theme", "", "theme=dark");
    assert!(busy.starts_with("HTTP/1.1 503") && busy.contains("retry-after: 1"), "{busy}");
    assert!(busy.contains("{\"error\":\"busy\"}"), "{busy}");
    for path in ["/login", "/api/visitor/show", "/healthz"] {
        assert_eq!(status(&server.get(path, "")), 200, "{path}");
    }
    assert_eq!(status(&form.finish()), 200);
    let again = || status(&server.post("/api/preferences/theme", "", "theme=dark")) == 200;
    // The place is given back a moment after the answer.
    assert!((0..1_000).any(|_| again()), "there is room again");
}

#[test]
fn beyond_its_room_the_server_refuses_all_but_whoever_watches_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start_with(folder.path(), &[("REQUEST_LIMIT", "1")]);
    let form = OnItsWay::begin(&server);
    let page = "GET /login HTTP/1.1\r\nHost: satchel.test\r\nAccept: text/html\r\nConnection: close\r\n\r\n";
    let full = server.send(page);
    assert_eq!(status(&full), 503, "{full}");
    for part in [
        "retry-after: 1",
        "There are many of you right now</h1>",
        "x-content-type-options: nosniff",
        "content-security-policy: ",
    ] {
        assert!(full.contains(part), "{part} in {full}");
    }
    assert_eq!(status(&server.get("/healthz", "")), 200);
    assert_eq!(status(&server.get("/readyz", "")), 200);
    assert_eq!(status(&form.finish()), 200);
    // The place is given back a moment after the answer.
    assert!((0..1_000).any(|_| status(&server.send(page)) == 200), "there is room again");
}
