//! The cart and the account: what is put by at sign-out, and what a sign-in adds.

use serde_json::json;

use crate::client::{PASSWORD, TestApp, Visitor};

async fn lines(visitor: &Visitor<'_>) -> Vec<(i64, i64)> {
    let cart = visitor.ask("/api/cart/show").await.json();
    let lines = cart["lines"].as_array().unwrap().iter();
    lines.map(|line| (line["product"].as_i64().unwrap(), line["quantity"].as_i64().unwrap())).collect()
}

#[tokio::test]
async fn signing_out_puts_the_cart_by_and_signing_in_adds_it_to_the_guests() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    visitor.call("/api/cart/add", "product=1&quantity=60").await;
    visitor.call("/api/cart/add", "product=2&quantity=3").await;
    assert_eq!(visitor.call("/api/auth/logout", "").await.json()["items"], 0);
    assert_eq!(lines(&visitor).await, []);

    visitor.call("/api/cart/add", "product=3&quantity=1").await;
    visitor.call("/api/cart/add", "product=1&quantity=60").await;
    assert_eq!(visitor.sign_in_as("Ada").await.json()["items"], 103);
    assert_eq!(lines(&visitor).await, [(3, 1), (1, 99), (2, 3)], "summed, up to the most there may be");
}

#[tokio::test]
async fn a_saved_cart_is_given_out_once() {
    let app = TestApp::start().await;
    let (laptop, phone) = (app.visitor(), app.visitor());
    laptop.register("Ada").await;
    laptop.call("/api/cart/add", "product=1&quantity=5").await;
    laptop.call("/api/auth/logout", "").await;
    let (first, second) = tokio::join!(laptop.sign_in_as("Ada"), phone.sign_in_as("Ada"));
    assert_eq!(first.json()["items"].as_i64().unwrap() + second.json()["items"].as_i64().unwrap(), 5);
}

#[tokio::test]
async fn carts_of_several_devices_are_put_by_together() {
    let app = TestApp::start().await;
    let (laptop, phone) = (app.visitor(), app.visitor());
    laptop.register("Ada").await;
    phone.sign_in_as("Ada").await;
    laptop.call("/api/cart/add", "product=1&quantity=2").await;
    phone.call("/api/cart/add", "product=1&quantity=3").await;
    // One is revoked by the other, which then signs out itself.
    laptop.call("/api/auth/revoke_others", "").await;
    laptop.call("/api/auth/logout", "").await;
    assert_eq!(phone.sign_in_as("Ada").await.json()["items"], 5);
}

#[tokio::test]
async fn a_change_of_the_password_puts_by_the_carts_of_the_other_devices() {
    let app = TestApp::start().await;
    let (laptop, phone) = (app.visitor(), app.visitor());
    laptop.register("Ada").await;
    phone.sign_in_as("Ada").await;
    laptop.call("/api/cart/add", "product=1&quantity=2").await;
    phone.call("/api/cart/add", "product=1&quantity=3").await;
    let change = format!("current={PASSWORD}&new=four-words-are-better");
    let answer = laptop.call("/api/auth/password", &change).await;
    assert_eq!(answer.json()["items"], 2, "this device's stays where it is: {}", answer.body);
    let new = "email=ada@example.com&password=four-words-are-better";
    assert_eq!(app.visitor().call("/api/auth/login", new).await.json()["items"], 3);
}

#[tokio::test]
async fn who_signs_in_as_somebody_else_gets_nothing_of_the_first_one() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    visitor.call("/api/cart/add", "product=1&quantity=5").await;
    visitor.call("/api/preferences/theme", "theme=dark").await;
    let answer = visitor.register("Eve").await.json();
    assert_eq!((&answer["items"], &answer["theme"]), (&json!(0), &json!("system")));
    let page = visitor.open("/account").await.body;
    assert!(page.contains("Eve") && !page.contains("Ada"), "{page}");
    assert_eq!(app.visitor().sign_in_as("Ada").await.json()["items"], 5, "and the first one loses nothing");
}

#[tokio::test]
async fn a_cart_survives_the_plain_forms_too() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    visitor.submit("/", "/api/cart/add", "product=1&quantity=2").await;
    visitor.submit("/", "/api/auth/logout", "").await;
    let form = format!("email=ada@example.com&password={PASSWORD}");
    let page = visitor.submit_and_follow("/login", "/api/auth/login", &form).await.body;
    assert!(page.contains("2<span class=\"visually-hidden\"> items</span>"), "{page}");
}

#[tokio::test]
async fn a_removed_account_leaves_no_cart_behind() {
    let app = TestApp::start().await;
    let (laptop, phone) = (app.visitor(), app.visitor());
    laptop.register("Ada").await;
    laptop.call("/api/cart/add", "product=1").await;
    phone.sign_in_as("Ada").await;
    laptop.call("/api/auth/logout", "").await;
    let saved = async || -> i64 {
        sqlx::query_scalar("select count(*) from saved_cart_lines").fetch_one(&app.pool).await.unwrap()
    };
    assert_eq!(saved().await, 1);
    phone.call("/api/auth/delete", &format!("password={PASSWORD}")).await;
    assert_eq!(saved().await, 0);
}

#[tokio::test]
async fn what_waits_is_compared_with_what_it_costs_by_then() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    visitor.call("/api/cart/add", "product=4").await;
    visitor.call("/api/cart/add", "product=5").await;
    visitor.call("/api/auth/logout", "").await;
    for change in ["update products set price_cents = 1990 where id = 4", "delete from products where id = 5"]
    {
        app.change(change).await;
    }
    visitor.sign_in_as("Ada").await;
    let cart = visitor.ask("/api/cart/show").await.json();
    assert_eq!(cart["lines"][0]["notes"], json!([{ "note": "price_changed", "before": 1650 }]));
    assert_eq!(
        (&cart["lines"][1]["name"], &cart["lines"][1]["notes"]),
        (&json!("Wool travel blanket"), &json!([{ "note": "gone" }]))
    );
}
