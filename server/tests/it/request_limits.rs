//! Limits of requests, body memory and fields, and requests that are still arriving.

use std::{
    convert::Infallible,
    io::{Read, Write},
    net::TcpStream,
    pin::pin,
};

use axum::{
    body::{Body, Bytes},
    http::{Request, StatusCode, header::CONTENT_TYPE},
};
use futures::{
    FutureExt,
    channel::mpsc::{UnboundedSender, unbounded},
};
use tokio::task::yield_now;

use crate::{
    client::{Response, TestApp},
    running::{TestServer, post, status},
};

/// A form of which the last bytes have not been sent yet.
struct Arriving {
    stream: TcpStream,
    rest: &'static str,
}

impl Arriving {
    /// Sends all but the last bytes, and waits until the server reads the body (RFC 9110, 10.1.1).
    fn begin(server: &TestServer) -> Self {
        let rest = "dark";
        let form = post("/api/preferences/theme", "", "theme=dark");
        let form = form.replacen("\r\n", "\r\nExpect: 100-continue\r\n", 1);
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(form.strip_suffix(rest).unwrap().as_bytes()).unwrap();
        let mut interim = [0; 25];
        stream.read_exact(&mut interim).unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n", "{}", String::from_utf8_lossy(&interim));
        Self { stream, rest }
    }

    /// Sends the rest, and returns the response.
    fn finish(mut self) -> String {
        self.stream.write_all(self.rest.as_bytes()).unwrap();
        let mut response = String::new();
        self.stream.read_to_string(&mut response).unwrap();
        response
    }
}

/// A form from this address, in [`TestApp::start_behind_proxy`].
fn form(address: &str, path: &str, body: Body) -> Request<Body> {
    let form = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    form.header("x-real-ip", address).body(body).unwrap()
}

/// A body of the chunks that go through the sender.
fn slow_body() -> (UnboundedSender<Result<Bytes, Infallible>>, Body) {
    let (sender, receiver) = unbounded();
    (sender, Body::from_stream(receiver))
}

fn expect_busy(response: &Response) {
    assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE, "{}", response.body);
    assert_eq!(response.headers["retry-after"], "1");
    assert_eq!(response.body, "{\"error\":\"busy\"}");
}

#[test]
fn a_stopping_server_waits_for_a_form_that_is_arriving() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let form = Arriving::begin(&server);
    server.signal("-TERM");
    let refused = || TcpStream::connect(server.address()).is_err();
    assert!((0..1_000_000).any(|_| refused()), "new connections are still accepted");
    let response = form.finish();
    assert_eq!(status(&response), 200, "{response}");
    assert!(response.contains("\"theme\":\"dark\""), "{response}");
}

/// Security: 15.2.2
#[test]
fn arriving_forms_do_not_count_toward_the_request_limit() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(folder.path(), &[("REQUEST_LIMIT", "4")]);
    let forms: Vec<_> = (0..5).map(|_| Arriving::begin(&server)).collect();
    for path in ["/login", "/api/visitor/show", "/healthz"] {
        assert_eq!(status(&server.get(path, "")), 200, "{path}");
    }
    assert_eq!(status(&server.post("/api/preferences/theme", "", "theme=dark")), 200);
    for form in forms {
        let response = form.finish();
        assert_eq!(status(&response), 200, "{response}");
    }
}

#[tokio::test]
async fn over_the_request_limit_only_health_checks_are_served() {
    let app = TestApp::start_with(&[("REQUEST_LIMIT", "1")]).await;
    let (slow, writer, other) = (app.visitor(), app.visitor(), app.visitor());
    let (sender, body) = slow_body();
    let mut arriving = pin!(slow.send(form("192.0.2.1", "/api/preferences/theme", body)));
    sender.unbounded_send(Ok("theme=".into())).unwrap();
    assert!(arriving.as_mut().now_or_never().is_none());
    // The write waits for the end of this transaction, and takes the only permit.
    let transaction = app.db.begin().await.unwrap();
    let mut write = pin!(writer.begin_session());
    assert!(write.as_mut().now_or_never().is_none());

    let page = other.open("/login").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(page.headers["retry-after"], "1");
    assert!(page.body.contains("We're busy right now</h1>"), "{}", page.body);
    for header in ["x-content-type-options", "content-security-policy"] {
        assert!(page.headers.contains_key(header), "{header}");
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(other.open(path).await.status, StatusCode::OK, "{path}");
    }
    sender.unbounded_send(Ok("dark".into())).unwrap();
    drop(sender);
    // The complete request needs a permit.
    expect_busy(&arriving.await);

    drop(transaction);
    assert_eq!(write.await.status, StatusCode::OK);
    let mut page = other.open("/login").await;
    // The permit may be returned after the response.
    for _ in 0..1_000 {
        if page.status == StatusCode::OK {
            break;
        }
        yield_now().await;
        page = other.open("/login").await;
    }
    assert_eq!(page.status, StatusCode::OK);
}

// <explorer>
/// Security: 15.2.2
#[tokio::test]
async fn a_network_that_uses_up_its_body_memory_is_refused_and_others_are_served() {
    const LARGEST: usize = 4 * 1024 * 1024;

    let app = TestApp::start_behind_proxy().await;
    let (set, theme) = ("/api/session/set", "/api/preferences/theme");
    let bytes = Bytes::from("x".repeat(LARGEST));
    let greedy: Vec<_> = (0..4).map(|_| app.visitor()).collect();
    let mut large = Vec::new();
    for visitor in &greedy {
        let (sender, body) = slow_body();
        let mut request = Box::pin(visitor.send(form("192.0.2.1", set, body)));
        // All but the last byte.
        sender.unbounded_send(Ok(bytes.slice(1..))).unwrap();
        assert!(request.as_mut().now_or_never().is_none());
        large.push((sender, request));
    }
    let visitor = app.visitor();
    expect_busy(&visitor.send(form("192.0.2.1", set, Body::from(bytes))).await);
    expect_busy(&visitor.send(form("192.0.2.1", theme, "theme=dark".into())).await);
    let other = visitor.send(form("192.0.2.2", theme, "theme=dark".into())).await;
    assert_eq!(other.status, StatusCode::OK, "{}", other.body);

    let (sender, request) = large.pop().unwrap();
    sender.unbounded_send(Ok("x".into())).unwrap();
    drop(sender);
    let response = request.await;
    assert!(response.status.is_client_error(), "{} {}", response.status, response.body);
    let response = visitor.send(form("192.0.2.1", theme, "theme=light".into())).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
}

/// Security: 15.2.2
#[tokio::test]
async fn the_memory_of_a_body_is_reserved_until_the_response() {
    const SIZE: usize = 2 * 1024 * 1024;
    /// The number of such bodies that one client network may have in memory.
    const COUNT: usize = 8;

    let app = TestApp::start().await;
    let encoded = SIZE - "key=a&value=".len();
    // Three bytes for each character, so that the decoded value can be stored.
    let body = format!("key=a&value={}{}", "%78".repeat(encoded / 3), "x".repeat(encoded % 3));
    // All writes wait for the end of this transaction.
    let transaction = app.db.begin().await.unwrap();
    let visitors: Vec<_> = (0..COUNT).map(|_| app.visitor()).collect();
    let mut large = pin!(futures::future::join_all(
        visitors.iter().map(|visitor| visitor.post("/api/session/set", &body))
    ));
    for _ in 0..10 {
        assert!(large.as_mut().now_or_never().is_none());
        yield_now().await;
    }
    // The server also reads the body of a request for an unknown function.
    let small = async || app.visitor().post("/api/nothing/here", "a=b").await;
    expect_busy(&small().await);

    drop(transaction);
    for response in large.await {
        assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    }
    assert_eq!(small().await.status, StatusCode::NOT_FOUND);
}
// </explorer>

/// Security: 15.2.2
#[tokio::test]
async fn a_form_or_a_query_with_more_than_64_fields_is_refused() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let with_fields = |text: &str, count: usize| {
        let more: String = (1..count).map(|number| format!("&f{number}=1")).collect();
        text.to_owned() + &more
    };
    for (count, expected) in [(64, StatusCode::OK), (65, StatusCode::BAD_REQUEST)] {
        let form = visitor.post("/api/preferences/theme", &with_fields("theme=dark", count)).await;
        let query = visitor.get(&with_fields("/api/visitor/show?page=any", count)).await;
        let page = visitor.open(&with_fields("/login?next=/account", count)).await;
        for (what, response) in [("form", form), ("query", query), ("page", page)] {
            assert_eq!(response.status, expected, "{what} of {count} fields: {}", response.body);
            let text =
                if what == "page" { "This request was refused</h1>" } else { "{\"error\":\"malformed\"}" };
            assert_eq!(response.body.contains(text), expected.is_client_error(), "{what}: {}", response.body);
        }
    }
}
