//! Walks `docs/interface.md`: what is written there is there, and what is there is written there.

use std::collections::BTreeSet;

use app::FEATURES;
use axum::http::StatusCode;
use web::feature::Features;

use crate::client::{Answer, TestApp, Visitor};

const INTERFACE: &str = include_str!("../../../docs/interface.md");

/// The rows of the table under a heading, each cell without its backticks.
fn table(heading: &str) -> Vec<Vec<String>> {
    let section = INTERFACE.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row[1..row.len() - 1].split('|').map(|cell| cell.trim().replace('`', "")).collect())
        .collect()
}

/// The field names in a cell such as "an array of id, name".
fn fields(cell: &str) -> Vec<&str> {
    cell.trim_start_matches("an array of ").split(", ").collect()
}

#[tokio::test]
async fn every_page_is_there() {
    let app = TestApp::start().await;
    for row in table("Pages") {
        for path in row[0].split(", ") {
            let visitor = app.visitor();
            let id = "1".to_owned();
            if is_private(path) {
                assert_eq!(visitor.open(path).await.status, StatusCode::SEE_OTHER, "{path}");
                visitor.sign_in().await;
            }
            // <shop>
            let id = if is_private(path) { order(&visitor).await } else { id };
            // </shop>
            let page = visitor.open(&path.replace("{id}", &id)).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"), "{path}");
        }
    }
}

#[tokio::test]
async fn every_function_answers_a_script_with_its_fields_and_a_plain_form_with_a_redirect() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    for row in table("Server functions that change something") {
        let (path, mut example) = (&row[0], row[1].clone());
        if example == "device=…" {
            example = format!("device={}", another_device(&app, &visitor).await);
        }
        // <shop>
        if example == "token=…" {
            visitor.sign_in().await;
            example = format!("token={}", order_token(&visitor).await);
        }
        // </shop>
        let answer = visitor.call(path, &example).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        assert_fields(path, &answer, &row[2]);
        let status = visitor.submit("/login", path, &example).await.status;
        assert_eq!(status, StatusCode::SEE_OTHER, "{path} has no form in FEATURES");
    }
}

/// Security: 3.5.3
#[tokio::test]
async fn every_reading_function_answers_with_its_fields_and_writes_no_session() {
    let app = TestApp::start().await;
    let user = app.visitor();
    user.sign_in().await;
    for row in table("Server functions that only read") {
        let path = format!("{}?{}", row[0], row[1]);
        // <shop>
        let path = path.replace("order=…", &format!("order={}", order(&user).await));
        // </shop>
        let mut answer = app.visitor().ask(&path).await;
        // An empty list, such as that of the cookies, says nothing of what stands in it.
        if answer.status == StatusCode::UNAUTHORIZED || answer.body == "[]" {
            answer = user.ask(&path).await;
        }
        assert_eq!(answer.status, StatusCode::OK, "{}: {}", row[0], answer.body);
        assert_fields(&row[0], &answer, &row[2]);
        assert!(!answer.sets_cookie(), "{}", row[0]);
    }
    assert_eq!(app.sessions().await, 1, "the signed-in user's alone");
}

/// Whether only signed-in users may open a page.
fn is_private(path: &str) -> bool {
    !Features(FEATURES).is_public(&path.replace("{id}", "1"))
}

fn assert_fields(path: &str, answer: &Answer, cell: &str) {
    let value = answer.json();
    let value = if cell.starts_with("an array") { &value[0] } else { &value };
    for field in fields(cell) {
        assert!(value.get(field).is_some(), "{field} in {path}: {}", answer.body);
    }
}

// <shop>
/// Fills the cart, and returns the token for ordering it.
async fn order_token(visitor: &Visitor<'_>) -> String {
    let cart = visitor.call("/api/cart/add", "product=4").await.json();
    cart["token"].as_str().unwrap().to_owned()
}

/// Orders something, and returns the order's number.
async fn order(visitor: &Visitor<'_>) -> String {
    let form = format!("token={}", order_token(visitor).await);
    let order = visitor.call("/api/orders/place", &form).await.json();
    order["id"].as_str().unwrap().to_owned()
}
// </shop>

/// Signs Ada in on another device, and returns what it is called.
async fn another_device(app: &TestApp, here: &Visitor<'_>) -> String {
    let form = "email=ada@example.com&password=four-words-are-better";
    assert_eq!(app.visitor().call("/api/auth/login", form).await.status, StatusCode::OK);
    let devices = here.ask("/api/auth/devices").await.json();
    let other = devices.as_array().unwrap().iter().find(|device| device["current"] == false).unwrap();
    other["device"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn no_function_is_left_out() {
    // Linking the app registers its functions.
    drop(TestApp::start().await);
    // What `first_value.rs` teaches is in these tests alone.
    let there: BTreeSet<_> = server_fn::axum::server_fn_paths()
        .filter(|(path, _)| !path.starts_with("/api/nickname/"))
        .map(|(path, method)| format!("{method} {path}"))
        .collect();
    let changing =
        table("Server functions that change something").into_iter().map(|row| format!("POST {}", row[0]));
    let reading = table("Server functions that only read").into_iter().map(|row| format!("GET {}", row[0]));
    let written: BTreeSet<_> = changing.chain(reading).collect();
    let missing: Vec<_> = there.symmetric_difference(&written).collect();
    assert!(missing.is_empty(), "in the app or in docs/interface.md, but not in both: {missing:?}");
}
