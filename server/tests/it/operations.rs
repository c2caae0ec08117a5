//! What an operator watches: figures, logs, and the number by which a request is found in them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::running::{Running, cookie, exchange};

const GET_METRICS: &str = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Where it has said that the figures are.
fn figures(server: &Running) -> String {
    let address = server.said("metrics are at http://").unwrap().trim_end_matches("/metrics");
    exchange(address, GET_METRICS).unwrap()
}

/// The figure with this name and these labels.
fn figure(figures: &str, name: &str) -> u64 {
    let line = figures.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("no {name} in {figures}")).parse().unwrap()
}

#[test]
fn figures_count_requests_by_route_and_what_becomes_of_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start_with(folder.path(), &[("METRICS_ADDR", "127.0.0.1:0")]);
    let ada = cookie(&server.begin_session("")).unwrap();
    server.change_session(&ada);
    server.post("/api/auth/logout", &ada, "");
    for path in ["/", "/", "/secret-of-a-visitor", "/login?next=/account"] {
        server.get(path, "");
    }
    server.send("BREW / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

    let figures = figures(&server);
    for (name, value) in [
        (r#"http_requests_total{method="POST",route="/api/preferences/theme",status="200"}"#, 2),
        (r#"http_requests_total{method="GET",route="/",status="200"}"#, 2),
        (r#"http_requests_total{method="GET",route="(none)",status="404"}"#, 1),
        (r#"http_request_duration_seconds_count{route="/login"}"#, 1),
        ("session_begun_total", 1),
        (r#"session_ended_total{by="visitor"}"#, 1),
        ("session_conflicts_total", 0),
    ] {
        assert_eq!(figure(&figures, name), value, "{name}");
    }
    assert!(figures.contains("http_request_duration_seconds_bucket{route=\"/\",le=\"0.25\"}"), "{figures}");
    assert!(figures.contains(r#"database_connections{pool="writer",state="in_use"}"#), "{figures}");
    assert!(!figures.contains("secret-of-a-visitor") && !figures.contains("BREW"), "{figures}");
    for help in ["# HELP session_begun_total Sessions that have begun.", "# TYPE http_requests_total counter"]
    {
        assert!(figures.contains(help), "{help} in {figures}");
    }
}

#[test]
fn figures_are_nowhere_unless_they_are_asked_for_and_never_among_the_pages() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path());
    assert!(server.get("/metrics", "").starts_with("HTTP/1.1 404"));
    assert_eq!(server.said("figures are"), None);
}

#[test]
fn a_log_in_json_is_one_object_in_a_line_with_the_number_that_the_response_carries() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("LOG_FORMAT", "json"), ("RUST_LOG", "info,tower_http=debug")];
    let server = Running::start_with(folder.path(), &settings);
    let answers: Vec<_> = (0..3).map(|_| server.get("/login", "")).collect();
    let ids: BTreeSet<_> = answers.iter().map(|answer| request_id(answer)).collect();
    assert_eq!(ids.len(), 3, "each request has its own");
    let log: Vec<Value> = server.log().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    for id in ids {
        let found = log.iter().any(|line| line["span"]["id"] == *id && line["span"]["path"] == "/login");
        assert!(found, "{id} in {log:#?}");
    }
    for field in ["timestamp", "level", "message", "target"] {
        assert!(log.iter().all(|line| line.get(field).is_some()), "{field} in {log:#?}");
    }
}

fn request_id(answer: &str) -> String {
    answer.split("x-request-id: ").nth(1).unwrap().split("\r\n").next().unwrap().to_owned()
}
