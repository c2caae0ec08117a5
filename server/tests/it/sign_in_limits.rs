//! Guessing: how often one may try, and what a try tells.

use std::{sync::Barrier, thread, time::Instant};

use axum::{
    body::Body,
    http::{
        Request, StatusCode,
        header::{ACCEPT, CONTENT_TYPE},
    },
};

use crate::{
    client::{PASSWORD, TestApp, Visitor},
    faults::status,
    running::Running,
};

const OFF: &[(&str, &str)] = &[("SIGN_IN_LIMIT", "off")];

/// Security: 6.3.1
#[tokio::test]
async fn one_try_too_many_is_refused_before_the_password_is_looked_at() {
    let app = TestApp::start_with(&[("SIGN_IN_LIMIT", "3/1h")]).await;
    let visitor = app.visitor();
    for _ in 0..3 {
        let answer = visitor.call("/api/auth/login", "email=demo@example.com&password=guess").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let answer = visitor.sign_in().await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "the right password too");
    let wait: u32 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=1_201).contains(&wait), "{wait}");
    assert_eq!(answer.json()["seconds"], wait);

    let form = "email=demo@example.com&password=keep-it-in-the-satchel";
    let page = visitor.submit_and_follow("/login", "/api/auth/login", form).await.body;
    assert!(page.contains("Too many attempts. Please try again in 20 minutes"), "{page}");
    assert!(page.contains("value=\"demo@example.com\""), "{page}");
}

/// Security: 6.3.8
#[tokio::test]
async fn the_limit_tells_nothing_about_which_accounts_there_are() {
    let app = TestApp::start_with(&[("SIGN_IN_LIMIT", "2/1h")]).await;
    for email in ["demo@example.com", "unknown@example.com"] {
        let form = format!("email={email}&password=guess");
        let statuses = [
            app.visitor().call("/api/auth/login", &form).await.status,
            app.visitor().call("/api/auth/login", &form).await.status,
            app.visitor().call("/api/auth/login", &form).await.status,
        ];
        assert_eq!(statuses.map(|status| status.as_u16()), [401, 401, 429], "{email}");
    }
}

/// Security: 6.3.1
#[tokio::test]
async fn who_is_signed_in_is_not_locked_out_by_somebody_elses_tries() {
    let app = TestApp::start_with(&[("SIGN_IN_LIMIT", "3/1h")]).await;
    let owner = app.visitor();
    owner.register("Ada").await;
    let guess = "email=ada@example.com&password=guess";
    for _ in 0..4 {
        app.visitor().call("/api/auth/login", guess).await;
    }
    assert_eq!(app.visitor().call("/api/auth/login", guess).await.status, StatusCode::TOO_MANY_REQUESTS);
    let answer =
        owner.call("/api/auth/password", &format!("current={PASSWORD}&new=four-words-are-better")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

/// Security: 6.3.1
#[tokio::test]
async fn who_took_over_a_device_cannot_guess_the_password_there_either() {
    let app = TestApp::start_with(&[("SIGN_IN_LIMIT", "3/1h")]).await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    for _ in 0..3 {
        let answer = visitor.call("/api/auth/confirm", "password=guess").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let answer = visitor.call("/api/auth/delete", &format!("password={PASSWORD}")).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
}

/// Calls a function as a script does, from behind a proxy that tells its address.
/// Calls a server function from this address, where `CLIENT_IP_SOURCE` is `XRealIp`.
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
        // From addresses of their own, so that only what follows counts.
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
async fn a_subscriber_with_many_ipv6_networks_is_limited_too() {
    let settings = [("SIGN_IN_LIMIT", "1/100h"), ("CLIENT_IP_SOURCE", "XRealIp")];
    let app = TestApp::start_with(&settings).await;
    let guess = async |number: u32, address: &str| {
        let form = format!("email=n{number}@example.com&password=guess");
        call_from(&app.visitor(), address, "/api/auth/login", &form).await
    };
    // A /64 has ten tries, as an IPv4 address has, and the /56 around it forty.
    for number in 0..40 {
        let address = format!("2001:db8:0:{number:x}::1");
        assert_eq!(guess(number, &address).await, StatusCode::UNAUTHORIZED, "{address}");
    }
    assert_eq!(guess(40, "2001:db8:0:ff::1").await, StatusCode::TOO_MANY_REQUESTS, "the same /56");
    assert_eq!(guess(41, "2001:db8:0:100::1").await, StatusCode::UNAUTHORIZED, "another /56");
}

/// Security: 6.3.1
#[test]
fn one_address_leaves_places_in_the_queue_for_hashes_to_others() {
    /// More than an address has places, and fewer than there are.
    const MANY: usize = 40;
    let folder = tempfile::tempdir().unwrap();
    let settings = [("SIGN_IN_LIMIT", "off"), ("CLIENT_IP_SOURCE", "XRealIp")];
    let server = Running::start_with(folder.path(), &settings);
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

/// The median time of each request, taken in turns that do not alternate: two threads that do the work would each get one kind.
async fn medians(app: &TestApp, path: &str, forms: [&str; 2]) -> [f64; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for kind in [0, 1, 1, 0].into_iter().cycle().take(400) {
        let begun = Instant::now();
        app.visitor().call(path, forms[kind]).await;
        times[kind].push(begun.elapsed().as_secs_f64());
    }
    times.map(median)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// A ratio within one run, not a speed: an address that is looked up without the hash answers ten times faster.
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
        let answer = app.visitor().call("/api/auth/register", &form).await;
        times[kind].push(begun.elapsed().as_secs_f64());
        assert_eq!(answer.status, [StatusCode::OK, StatusCode::CONFLICT][kind]);
    }
    let [new, taken] = times.map(median);
    // The new one is signed in too, which takes some statements more than the hash that both have.
    assert!((0.6..1.25).contains(&(taken / new)), "{taken} {new}");
}

/// Security: 6.3.8
#[tokio::test]
async fn a_bad_password_tells_nothing_about_the_address() {
    let app = TestApp::start_with(OFF).await;
    for email in ["demo@example.com", "new@example.com"] {
        let answer =
            app.visitor().call("/api/auth/register", &format!("name=Eve&email={email}&password=short")).await;
        assert_eq!(answer.json()["field"], "password", "{email}");
    }
}

/// A header that anybody can write is no way around the limit of an address (ASVS 15.3.4).
///
/// Security: 15.3.4
#[test]
fn an_address_is_the_connections_unless_the_settings_say_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start_with(folder.path(), &[("SIGN_IN_LIMIT", "1/1h")]);
    let status = |number: u8| {
        let body = format!("email=n{number}@example.com&password=guess");
        let answer = server.send(&format!(
            "POST /api/auth/login HTTP/1.1\r\nHost: satchel.test\r\nAccept: application/json\r\nConnection: close\r\n\
             X-Forwarded-For: 10.0.0.{number}\r\nX-Real-Ip: 10.0.0.{number}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    let statuses: Vec<_> = (0..11).map(status).collect();
    assert!(statuses[..10].iter().all(|status| status == "401"), "{statuses:?}");
    assert_eq!(statuses[10], "429", "ten addresses that were made up");
}
