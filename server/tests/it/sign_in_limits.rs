//! Guessing: how often one may try, and what a try tells.

use std::time::Instant;

use axum::http::StatusCode;

use crate::{
    client::{PASSWORD, TestApp},
    running::Running,
};

const OFF: &[(&str, &str)] = &[("SIGN_IN_LIMIT", "off")];

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
    assert!(page.contains("Those were too many tries. Please wait 20 minutes"), "{page}");
    assert!(page.contains("value=\"demo@example.com\""), "{page}");
}

#[tokio::test]
async fn the_limit_tells_nothing_about_which_accounts_there_are() {
    let app = TestApp::start_with(&[("SIGN_IN_LIMIT", "2/1h")]).await;
    for email in ["demo@example.com", "nobody@example.com"] {
        let form = format!("email={email}&password=guess");
        let statuses = [
            app.visitor().call("/api/auth/login", &form).await.status,
            app.visitor().call("/api/auth/login", &form).await.status,
            app.visitor().call("/api/auth/login", &form).await.status,
        ];
        assert_eq!(statuses.map(|status| status.as_u16()), [401, 401, 429], "{email}");
    }
}

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
#[tokio::test]
async fn an_unknown_address_takes_as_long_as_a_wrong_password() {
    let app = TestApp::start_with(OFF).await;
    let forms = ["email=demo@example.com&password=guess-me", "email=nobody@example.com&password=guess-me"];
    let [wrong, unknown] = medians(&app, "/api/auth/login", forms).await;
    assert!((0.8..1.25).contains(&(wrong / unknown)), "{wrong} {unknown}");
}

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
