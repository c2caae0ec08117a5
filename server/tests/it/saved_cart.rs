//! Signing out saves the cart of a user, and signing in restores it.

use serde_json::json;

use crate::client::{PASSWORD, TestApp, Visitor};

async fn lines(visitor: &Visitor<'_>) -> Vec<(i64, i64)> {
    let cart = visitor.get("/api/cart/show").await.json();
    let lines = cart["lines"].as_array().unwrap().iter();
    lines.map(|line| (line["product"].as_i64().unwrap(), line["quantity"].as_i64().unwrap())).collect()
}

#[tokio::test]
async fn signing_out_saves_the_cart_and_signing_in_adds_it_to_the_cart_of_the_guest() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    visitor.post("/api/cart/add", "product=1&quantity=60").await;
    visitor.post("/api/cart/add", "product=2&quantity=3").await;
    assert_eq!(visitor.post("/api/auth/logout", "").await.json()["items"], 0);
    assert_eq!(lines(&visitor).await, []);

    visitor.post("/api/cart/add", "product=3&quantity=1").await;
    visitor.post("/api/cart/add", "product=1&quantity=60").await;
    assert_eq!(visitor.sign_in_as("Ada").await.json()["items"], 103);
    assert_eq!(lines(&visitor).await, [(3, 1), (1, 99), (2, 3)], "quantities are added up to 99");
}

#[tokio::test]
async fn a_saved_cart_is_restored_once() {
    let app = TestApp::start().await;
    let (laptop, phone) = (app.visitor(), app.visitor());
    laptop.register("Ada").await;
    laptop.post("/api/cart/add", "product=1&quantity=5").await;
    laptop.post("/api/auth/logout", "").await;
    let (first, second) = tokio::join!(laptop.sign_in_as("Ada"), phone.sign_in_as("Ada"));
    assert_eq!(first.json()["items"].as_i64().unwrap() + second.json()["items"].as_i64().unwrap(), 5);
}

#[tokio::test]
async fn carts_of_several_devices_are_saved_together() {
    let app = TestApp::start().await;
    let (laptop, phone) = (app.visitor(), app.visitor());
    laptop.register("Ada").await;
    phone.sign_in_as("Ada").await;
    laptop.post("/api/cart/add", "product=1&quantity=2").await;
    phone.post("/api/cart/add", "product=1&quantity=3").await;
    // The laptop revokes the phone, and then signs out.
    laptop.post("/api/auth/revoke_others", "").await;
    laptop.post("/api/auth/logout", "").await;
    assert_eq!(phone.sign_in_as("Ada").await.json()["items"], 5);
}

#[tokio::test]
async fn changing_the_password_saves_the_carts_of_the_other_devices() {
    let app = TestApp::start().await;
    let (laptop, phone) = (app.visitor(), app.visitor());
    laptop.register("Ada").await;
    phone.sign_in_as("Ada").await;
    laptop.post("/api/cart/add", "product=1&quantity=2").await;
    phone.post("/api/cart/add", "product=1&quantity=3").await;
    let change = format!("current={PASSWORD}&new=four-words-are-better");
    let response = laptop.post("/api/auth/password", &change).await;
    assert_eq!(response.json()["items"], 2, "this device keeps its cart: {}", response.body);
    let new = "email=ada@example.com&password=four-words-are-better";
    assert_eq!(app.visitor().post("/api/auth/login", new).await.json()["items"], 3);
}

#[tokio::test]
async fn signing_in_as_another_user_hides_the_data_of_the_first_user() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    visitor.post("/api/cart/add", "product=1&quantity=5").await;
    visitor.post("/api/preferences/theme", "theme=dark").await;
    let response = visitor.register("Eve").await.json();
    assert_eq!((&response["items"], &response["theme"]), (&json!(0), &json!("system")));
    let page = visitor.open("/account").await.body;
    assert!(page.contains("Eve") && !page.contains("Ada"), "{page}");
    assert_eq!(
        app.visitor().sign_in_as("Ada").await.json()["items"],
        5,
        "the cart of the first user is saved"
    );
}

#[tokio::test]
async fn a_cart_is_saved_and_restored_by_plain_forms() {
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
async fn deleting_an_account_deletes_its_saved_cart() {
    let app = TestApp::start().await;
    let (laptop, phone) = (app.visitor(), app.visitor());
    laptop.register("Ada").await;
    laptop.post("/api/cart/add", "product=1").await;
    phone.sign_in_as("Ada").await;
    laptop.post("/api/auth/logout", "").await;
    let saved = async || -> i64 {
        sqlx::query_scalar("select count(*) from saved_cart_lines").fetch_one(&app.pool).await.unwrap()
    };
    assert_eq!(saved().await, 1);
    phone.post("/api/auth/delete", &format!("password={PASSWORD}")).await;
    assert_eq!(saved().await, 0);
}

#[tokio::test]
async fn a_saved_cart_shows_price_changes_and_removed_products() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    visitor.post("/api/cart/add", "product=4").await;
    visitor.post("/api/cart/add", "product=5").await;
    visitor.post("/api/auth/logout", "").await;
    for change in ["update products set price_cents = 1990 where id = 4", "delete from products where id = 5"]
    {
        app.change(change).await;
    }
    visitor.sign_in_as("Ada").await;
    let cart = visitor.get("/api/cart/show").await.json();
    assert_eq!(cart["lines"][0]["notes"], json!([{ "note": "price_changed", "before": 1650 }]));
    assert_eq!(
        (&cart["lines"][1]["name"], &cart["lines"][1]["notes"]),
        (&json!("Wool travel blanket"), &json!([{ "note": "gone" }]))
    );
}
