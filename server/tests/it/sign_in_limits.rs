//! Limits for password guessing, and responses that do not reveal whether an account exists.

use std::{sync::Barrier, thread, time::Instant};

use axum::{
    body::Body,
    http::{
        Request, StatusCode,
        header::{ACCEPT, CONTENT_TYPE},
    },
};

use crate::{
    client::{DEMO, PASSWORD, TestApp, Visitor},
    running::{TestServer, status},
};

const OFF: &[(&str, &str)] = &[("SIGN_IN_LIMIT", "off")];

/// Security: 6.3.1
#[tokio::test]
async fn too_many_attempts_are_refused_before_the_password_is_checked() {
    let app = TestApp::start_with(&[("SIGN_IN_LIMIT", "3/1h")]).await;
    let visitor = app.visitor();
    for _ in 0..3 {
        let response = visitor.post("/api/auth/login", "email=demo@example.com&password=guess").await;
        assert_eq!(response.status, StatusCode::UNAUTHORIZED);
    }
    let response = visitor.sign_in().await;
    assert_eq!(response.status, StatusCode::TOO_MANY_REQUESTS, "the right password too");
    let wait: u32 = response.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=1_201).contains(&wait), "{wait}");
    assert_eq!(response.json()["seconds"], wait);

    let page = visitor.submit_and_follow("/login", "/api/auth/login", DEMO).await.body;
    assert!(page.contains("Too many attempts. Please try again in 20 minutes"), "{page}");
    assert!(page.contains("value=\"demo@example.com\""), "{page}");
}

/// Security: 6.3.8
#[tokio::test]
async fn the_limit_is_the_same_for_existing_and_unknown_accounts() {
    let app = TestApp::start_with(&[("SIGN_IN_LIMIT", "2/1h")]).await;
    for email in ["demo@example.com", "unknown@example.com"] {
        let form = format!("email={email}&password=guess");
        let statuses = [
            app.visitor().post("/api/auth/login", &form).await.status,
            app.visitor().post("/api/auth/login", &form).await.status,
            app.visitor().post("/api/auth/login", &form).await.status,
        ];
        assert_eq!(statuses.map(|status| status.as_u16()), [401, 401, 429], "{email}");
    }
}

/// Security: 6.3.1
#[tokio::test]
async fn failed_attempts_by_others_do_not_lock_out_a_signed_in_owner() {
    let app = TestApp::start_with(&[("SIGN_IN_LIMIT", "3/1h")]).await;
    let owner = app.visitor();
    owner.register("Ada").await;
    let guess = "email=ada@example.com&password=guess";
    for _ in 0..4 {
        app.visitor().post("/api/auth/login", guess).await;
    }
    assert_eq!(app.visitor().post("/api/auth/login", guess).await.status, StatusCode::TOO_MANY_REQUESTS);
    let response =
        owner.post("/api/auth/password", &format!("current={PASSWORD}&new=four-words-are-better")).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
}

/// Security: 6.3.1
#[tokio::test]
async fn password_confirmations_are_limited_too() {
    let app = TestApp::start_with(&[("SIGN_IN_LIMIT", "3/1h")]).await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    for _ in 0..3 {
        let response = visitor.post("/api/auth/confirm", "password=guess").await;
        assert_eq!(response.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let response = visitor.post("/api/auth/delete", &format!("password={PASSWORD}")).await;
    assert_eq!(response.status, StatusCode::TOO_MANY_REQUESTS);
}

/// Calls a server function from this address, in [`TestApp::start_behind_proxy`].
pub(crate) async fn call_from(visitor: &Visitor<'_>, address: &str, path: &str, form: &str) -> StatusCode {
    let request = Request::post(path)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("x-real-ip", address);
    visitor.send(request.body(Body::from(form.to_owned())).unwrap()).await.status
}

/// Security: 6.3.1
#[tokio::test]
async fn wrong_confirmations_of_all_accounts_count_for_their_address() {
    let settings = [("SIGN_IN_LIMIT", "10/100h"), ("CLIENT_IP_SOURCE", "XRealIp")];
    let app = TestApp::start_with(&settings).await;
    let (here, elsewhere) = ("10.0.0.1", "10.0.0.2");
    let mut statuses = Vec::new();
    for number in 0..12 {
        let visitor = app.visitor();
        let account = format!("name=n{number}&email=n{number}@example.com&password={PASSWORD}");
        // From other addresses, so that registering does not count.
        let home = format!("10.0.1.{number}");
        assert_eq!(call_from(&visitor, &home, "/api/auth/register", &account).await, StatusCode::OK);
        for _ in 0..10 {
            statuses.push(call_from(&visitor, here, "/api/auth/confirm", "password=guess").await);
        }
    }
    assert!(statuses[..100].iter().all(|status| *status == StatusCode::UNPROCESSABLE_ENTITY), "{statuses:?}");
    assert!(statuses[100..].iter().all(|status| *status == StatusCode::TOO_MANY_REQUESTS), "{statuses:?}");

    let sign_in = format!("email=n0@example.com&password={PASSWORD}");
    let stranger = app.visitor();
    assert_eq!(call_from(&stranger, here, "/api/auth/login", &sign_in).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(call_from(&stranger, elsewhere, "/api/auth/login", &sign_in).await, StatusCode::OK);
    let confirm = format!("password={PASSWORD}");
    assert_eq!(call_from(&stranger, elsewhere, "/api/auth/confirm", &confirm).await, StatusCode::OK);
}

/// Security: 6.3.1
#[tokio::test]
async fn many_ipv6_networks_of_one_subscriber_share_a_limit() {
    let settings = [("SIGN_IN_LIMIT", "1/100h"), ("CLIENT_IP_SOURCE", "XRealIp")];
    let app = TestApp::start_with(&settings).await;
    let guess = async |number: u32, address: &str| {
        let form = format!("email=n{number}@example.com&password=guess");
        call_from(&app.visitor(), address, "/api/auth/login", &form).await
    };
    // A /64 network has ten attempts, like an IPv4 address, and its /56 network has forty.
    for number in 0..40 {
        let address = format!("2001:db8:0:{number:x}::1");
        assert_eq!(guess(number, &address).await, StatusCode::UNAUTHORIZED, "{address}");
    }
    assert_eq!(guess(40, "2001:db8:0:ff::1").await, StatusCode::TOO_MANY_REQUESTS, "the same /56");
    assert_eq!(guess(41, "2001:db8:0:100::1").await, StatusCode::UNAUTHORIZED, "another /56");
}

/// Security: 6.3.1
#[test]
fn one_address_cannot_fill_the_queue_for_password_hashing() {
    /// More than the places of one address, and fewer than all places.
    const MANY: usize = 40;

    let folder = tempfile::tempdir().unwrap();
    let settings = [("SIGN_IN_LIMIT", "off"), ("CLIENT_IP_SOURCE", "XRealIp")];
    let server = TestServer::start_with(folder.path(), &settings);
    let guess = |address: &str| {
        let body = "email=demo@example.com&password=guess";
        status(&server.send(&format!(
            "POST /api/auth/login HTTP/1.1\r\nHost: satchel.test\r\nAccept: application/json\r\nConnection: close\r\n\
             X-Real-Ip: {address}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )))
    };
    let start = Barrier::new(MANY + 1);
    let (crowd, others) = thread::scope(|scope| {
        let mut crowd = Vec::new();
        for _ in 0..MANY {
            crowd.push(scope.spawn(|| {
                start.wait();
                guess("10.0.0.1")
            }));
        }
        start.wait();
        let others: Vec<_> = (2..5).map(|last| guess(&format!("10.0.0.{last}"))).collect();
        (crowd.into_iter().map(|guess| guess.join().unwrap()).collect::<Vec<_>>(), others)
    });
    assert!(crowd.contains(&401) && crowd.contains(&503), "{crowd:?}");
    assert!(crowd.iter().all(|status| [401, 503].contains(status)), "{crowd:?}");
    assert_eq!(others, [401, 401, 401]);
}

/// The median time of each request. The order 0, 1, 1, 0 gives both kinds to both worker threads.
async fn medians(app: &TestApp, path: &str, forms: [&str; 2]) -> [f64; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for kind in [0, 1, 1, 0].into_iter().cycle().take(400) {
        let begun = Instant::now();
        app.visitor().post(path, forms[kind]).await;
        times[kind].push(begun.elapsed().as_secs_f64());
    }
    times.map(median)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Without a placeholder hash, an unknown address is answered ten times faster.
///
/// Security: 6.3.8
#[tokio::test]
async fn an_unknown_address_takes_as_long_as_a_wrong_password() {
    let app = TestApp::start_with(OFF).await;
    let forms = ["email=demo@example.com&password=guess-me", "email=unknown@example.com&password=guess-me"];
    let [wrong, unknown] = medians(&app, "/api/auth/login", forms).await;
    assert!((0.8..1.25).contains(&(wrong / unknown)), "{wrong} {unknown}");
}

/// Security: 6.3.8
#[tokio::test]
async fn a_taken_address_takes_as_long_as_a_new_one() {
    let app = TestApp::start_with(OFF).await;
    let mut times = [Vec::new(), Vec::new()];
    for (number, kind) in [0, 1, 1, 0].into_iter().cycle().take(400).enumerate() {
        let email = [format!("new-{number}@example.com"), "demo@example.com".to_owned()];
        let form = format!("name=Eve&email={}&password={PASSWORD}", email[kind]);
        let begun = Instant::now();
        let response = app.visitor().post("/api/auth/register", &form).await;
        times[kind].push(begun.elapsed().as_secs_f64());
        assert_eq!(response.status, [StatusCode::OK, StatusCode::CONFLICT][kind]);
    }
    let [new, taken] = times.map(median);
    // A new account also needs some statements for the sign-in.
    assert!((0.6..1.25).contains(&(taken / new)), "{taken} {new}");
}

/// Security: 6.3.8
#[tokio::test]
async fn a_weak_password_does_not_reveal_whether_the_address_is_taken() {
    let app = TestApp::start_with(OFF).await;
    for email in ["demo@example.com", "new@example.com"] {
        let response =
            app.visitor().post("/api/auth/register", &format!("name=Eve&email={email}&password=short")).await;
        assert_eq!(response.json()["field"], "password", "{email}");
    }
}

/// Security: 15.3.4
#[test]
fn forwarding_headers_are_ignored_by_default() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(folder.path(), &[("SIGN_IN_LIMIT", "1/1h")]);
    let guess = |number: u8| {
        let body = format!("email=n{number}@example.com&password=guess");
        status(&server.send(&format!(
            "POST /api/auth/login HTTP/1.1\r\nHost: satchel.test\r\nAccept: application/json\r\nConnection: close\r\n\
             X-Forwarded-For: 10.0.0.{number}\r\nX-Real-Ip: 10.0.0.{number}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )))
    };
    let statuses: Vec<_> = (0..11).map(guess).collect();
    assert!(statuses[..10].iter().all(|status| *status == 401), "{statuses:?}");
    assert_eq!(statuses[10], 429, "ten forged addresses");
}
