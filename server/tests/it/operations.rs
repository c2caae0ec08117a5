//! Metrics, logs, and the request id that connects a response with its log lines.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::running::{TestServer, exchange};

const GET_METRICS: &str = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

fn metrics(server: &TestServer) -> String {
    let address = server.word_after("metrics are at http://").unwrap().trim_end_matches("/metrics");
    exchange(address, GET_METRICS).unwrap()
}

fn metric(metrics: &str, name: &str) -> u64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("no {name} in {metrics}")).parse().unwrap()
}

#[test]
fn metrics_count_requests_by_route_and_session_events() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(folder.path(), &[("METRICS_ADDR", "127.0.0.1:0")]);
    let ada = server.new_session();
    server.change_session(&ada);
    server.post("/api/auth/logout", &ada, "");
    for path in ["/", "/", "/secret-of-a-visitor", "/login?next=/account"] {
        server.get(path, "");
    }
    server.send("BREW / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

    let metrics = metrics(&server);
    for (name, value) in [
        (r#"http_requests_total{method="POST",route="/api/preferences/theme",status="200"}"#, 2),
        (r#"http_requests_total{method="GET",route="/",status="200"}"#, 2),
        (r#"http_requests_total{method="GET",route="(none)",status="404"}"#, 1),
        (r#"http_request_duration_seconds_count{route="/login"}"#, 1),
        ("session_begun_total", 1),
        (r#"session_ended_total{by="visitor"}"#, 1),
        ("session_conflicts_total", 0),
    ] {
        assert_eq!(metric(&metrics, name), value, "{name}");
    }
    assert!(metrics.contains("http_request_duration_seconds_bucket{route=\"/\",le=\"0.25\"}"), "{metrics}");
    assert!(metrics.contains(r#"database_connections{pool="writer",state="in_use"}"#), "{metrics}");
    assert!(!metrics.contains("secret-of-a-visitor") && !metrics.contains("BREW"), "{metrics}");
    for help in ["# HELP session_begun_total Sessions that have begun.", "# TYPE http_requests_total counter"]
    {
        assert!(metrics.contains(help), "{help} in {metrics}");
    }
}

#[test]
fn metrics_are_off_by_default_and_never_on_the_public_port() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    assert!(server.get("/metrics", "").starts_with("HTTP/1.1 404"));
    assert_eq!(server.word_after("metrics are"), None);
}

#[test]
fn a_json_log_has_one_object_for_each_line_with_the_request_id() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("LOG_FORMAT", "json"), ("RUST_LOG", "info,tower_http=debug")];
    let server = TestServer::start_with(folder.path(), &settings);
    let responses: Vec<_> = (0..3).map(|_| server.get("/login", "")).collect();
    let ids: BTreeSet<_> = responses.iter().map(|response| request_id(response)).collect();
    assert_eq!(ids.len(), 3, "each request has its own id");
    let log: Vec<Value> = server.log().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    for id in ids {
        let found = log.iter().any(|line| line["span"]["id"] == *id && line["span"]["path"] == "/login");
        assert!(found, "{id} in {log:#?}");
    }
    for field in ["timestamp", "level", "message", "target"] {
        assert!(log.iter().all(|line| line.get(field).is_some()), "{field} in {log:#?}");
    }
}

fn request_id(response: &str) -> String {
    response.split("x-request-id: ").nth(1).unwrap().split("\r\n").next().unwrap().to_owned()
}
