//! Compares `docs/interface.md` with the pages and server functions of the app.

use std::collections::BTreeSet;

use app::FEATURES;
use axum::http::StatusCode;
use web::feature::Features;

use crate::{
    client::{Response, TestApp, Visitor},
    fuzz::engine::interface::table,
};

/// The field names in a cell such as "an array of id, name".
fn fields(cell: &str) -> Vec<&str> {
    cell.trim_start_matches("an array of ").split(", ").collect()
}

#[tokio::test]
async fn every_documented_page_exists() {
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
async fn every_changing_function_returns_its_fields_or_redirects_a_plain_form() {
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
        let response = visitor.post(path, &example).await;
        assert_eq!(response.status, StatusCode::OK, "{path}: {}", response.body);
        assert_fields(path, &response, &row[2]);
        let status = visitor.submit("/login", path, &example).await.status;
        assert_eq!(status, StatusCode::SEE_OTHER, "{path} has no form in FEATURES");
    }
}

/// Security: 3.5.3
#[tokio::test]
async fn every_reading_function_returns_its_fields_and_writes_no_session() {
    let app = TestApp::start().await;
    let user = app.visitor();
    user.sign_in().await;
    for row in table("Server functions that only read") {
        let path = format!("{}?{}", row[0], row[1]);
        // <shop>
        let path = path.replace("order=…", &format!("order={}", order(&user).await));
        // </shop>
        let mut response = app.visitor().get(&path).await;
        // An empty list does not show its fields.
        if response.status == StatusCode::UNAUTHORIZED || response.body == "[]" {
            response = user.get(&path).await;
        }
        assert_eq!(response.status, StatusCode::OK, "{}: {}", row[0], response.body);
        assert_fields(&row[0], &response, &row[2]);
        assert!(!response.sets_cookie(), "{}", row[0]);
    }
    assert_eq!(app.sessions().await, 1, "only the session of the user");
}

/// Whether a page is for signed-in users only.
fn is_private(path: &str) -> bool {
    !Features(FEATURES).is_public(&path.replace("{id}", "1"))
}

fn assert_fields(path: &str, response: &Response, cell: &str) {
    let value = response.json();
    let value = if cell.starts_with("an array") { &value[0] } else { &value };
    for field in fields(cell) {
        assert!(value.get(field).is_some(), "{field} in {path}: {}", response.body);
    }
}

// <shop>
/// Fills the cart, and returns the token for the order.
async fn order_token(visitor: &Visitor<'_>) -> String {
    let cart = visitor.post("/api/cart/add", "product=4").await.json();
    cart["token"].as_str().unwrap().to_owned()
}

/// Places an order, and returns its id.
async fn order(visitor: &Visitor<'_>) -> String {
    let form = format!("token={}", order_token(visitor).await);
    let order = visitor.post("/api/orders/place", &form).await.json();
    order["id"].as_str().unwrap().to_owned()
}
// </shop>

/// Signs Ada in on another device, and returns the id of that device.
async fn another_device(app: &TestApp, here: &Visitor<'_>) -> String {
    let form = "email=ada@example.com&password=four-words-are-better";
    assert_eq!(app.visitor().post("/api/auth/login", form).await.status, StatusCode::OK);
    let devices = here.get("/api/auth/devices").await.json();
    let other = devices.as_array().unwrap().iter().find(|device| device["current"] == false).unwrap();
    other["device"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_function_is_documented() {
    // Starting the app registers its functions.
    drop(TestApp::start().await);
    // The functions of `first_value.rs` are not part of the app.
    let existing: BTreeSet<_> = server_fn::axum::server_fn_paths()
        .filter(|(path, _)| !path.starts_with("/api/nickname/"))
        .map(|(path, method)| format!("{method} {path}"))
        .collect();
    let changing =
        table("Server functions that change something").into_iter().map(|row| format!("POST {}", row[0]));
    let reading = table("Server functions that only read").into_iter().map(|row| format!("GET {}", row[0]));
    let documented: BTreeSet<_> = changing.chain(reading).collect();
    let missing: Vec<_> = existing.symmetric_difference(&documented).collect();
    assert!(missing.is_empty(), "in the app or in docs/interface.md, but not in both: {missing:?}");
}
