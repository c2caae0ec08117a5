//! The cart: its server functions, called by scripts and by plain forms.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{bad_input::refuses_all, client::TestApp};

#[tokio::test]
async fn a_cart_is_filled_changed_and_emptied() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let cart = visitor.post("/api/cart/add", "product=2").await.json();
    assert_eq!(cart["lines"][0], line(2, "Field notebook", 1450, 1));
    assert!(cart["token"].is_string());

    visitor.post("/api/cart/add", "product=12&quantity=3").await;
    let cart = visitor.post("/api/cart/add", "product=2&quantity=4").await.json();
    assert_eq!(
        cart["lines"],
        json!([line(2, "Field notebook", 1450, 5), line(12, "Tin of peppermints", 450, 3)])
    );
    assert_eq!((&cart["items"], &cart["total"]), (&8.into(), &(5 * 1450 + 3 * 450).into()));

    let cart = visitor.post("/api/cart/set", "product=12&quantity=0").await.json();
    assert_eq!(cart["items"], 5);
    let cart = visitor.post("/api/cart/set", "product=2&quantity=2").await.json();
    assert_eq!(cart["total"], 2900);
    let cart = visitor.post("/api/cart/remove", "product=2").await.json();
    assert_eq!((&cart["lines"], &cart["items"], &cart["total"]), (&json!([]), &json!(0), &json!(0)));
    assert_eq!(cart["removed"], json!({ "product": 2, "name": "Field notebook", "quantity": 2 }));

    visitor.post("/api/cart/add", "product=1").await;
    visitor.post("/api/cart/clear", "").await;
    assert_eq!(visitor.get("/api/cart/show").await.json()["items"], 0);
}

#[tokio::test]
async fn an_emptied_cart_can_be_restored_until_the_next_change() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    assert_eq!(visitor.post("/api/cart/clear", "").await.json()["items"], 0);
    assert_eq!(visitor.post("/api/cart/restore", "").await.json()["items"], 0);
    assert_eq!(app.sessions().await, 0, "no session is created");

    visitor.post("/api/cart/add", "product=2&quantity=2").await;
    let before = visitor.post("/api/cart/add", "product=12").await.json();
    let emptied = visitor.post("/api/cart/clear", "").await.json();
    assert_eq!((&emptied["items"], &emptied["emptied"]), (&json!(0), &json!(3)));
    // Clearing twice does not lose the lines.
    visitor.post("/api/cart/clear", "").await;
    let back = visitor.post("/api/cart/restore", "").await.json();
    assert_eq!((&back["lines"], &back["emptied"]), (&before["lines"], &Value::Null));

    visitor.post("/api/cart/clear", "").await;
    visitor.post("/api/cart/add", "product=1").await;
    let cart = visitor.post("/api/cart/restore", "").await.json();
    assert_eq!((&cart["items"], &cart["lines"][0]["product"]), (&json!(1), &json!(1)));
}

fn line(product: u32, name: &str, unit_price: u32, quantity: u32) -> Value {
    json!({ "product": product, "name": name, "unit_price": unit_price, "quantity": quantity, "total": unit_price * quantity })
}

#[tokio::test]
async fn bad_fields_are_refused_and_change_nothing() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.post("/api/cart/add", "product=1&quantity=90").await;
    let large = format!("product=1&quantity={}", "9".repeat(1_000_000));
    let cases = [
        ("/api/cart/add", "product=999", 404, "not_found"),
        ("/api/cart/add", "product=abc", 404, "not_found"),
        ("/api/cart/add", "product=-1", 404, "not_found"),
        ("/api/cart/add", "", 404, "not_found"),
        ("/api/cart/add", "product=1&quantity=-1", 422, "from 1 to 99"),
        ("/api/cart/add", "product=1&quantity=0", 422, "from 1 to 99"),
        ("/api/cart/add", "product=1&quantity=abc", 422, "whole number"),
        ("/api/cart/add", "product=1&quantity=10000000", 422, "from 1 to 99"),
        ("/api/cart/add", "product=1&quantity=10", 422, "at most 99 of one product"),
        ("/api/cart/set", "product=1", 422, "whole number"),
        ("/api/cart/set", "product=999&quantity=1", 404, "not_found"),
        ("/api/cart/set", "product=1&quantity=-1", 422, "from 1 to 99"),
        ("/api/cart/remove", "", 404, "not_found"),
        ("/api/cart/add", "product=1&product=2", 400, "malformed"),
        ("/api/cart/add", "product[a]=1", 400, "malformed"),
        ("/api/cart/add", large.as_str(), 413, "too_large"),
    ];
    refuses_all(&visitor, "/cart", &cases).await;
    assert_eq!(visitor.get("/api/cart/show").await.json()["items"], 90);
}

#[tokio::test]
async fn removing_a_product_that_is_not_in_the_cart_succeeds() {
    let app = TestApp::start().await;
    let response = app.visitor().post("/api/cart/remove", "product=3").await;
    assert_eq!((response.status, response.json()["items"].as_u64()), (StatusCode::OK, Some(0)));
}

#[tokio::test]
async fn a_plain_form_redirects_to_its_page_and_shows_its_message_once() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let response = visitor.submit("/products/4", "/api/cart/add", "product=4&quantity=2").await;
    assert_eq!((response.status, response.location()), (StatusCode::SEE_OTHER, "/products/4"));
    let page = visitor.open("/products/4").await;
    assert!(page.body.contains("Added to your cart."), "{}", page.body);
    assert!(!visitor.open("/products/4").await.body.contains("Added to your cart."));
    assert!(visitor.open("/cart").await.body.contains("Enamel mug"));
}

#[tokio::test]
async fn a_refused_plain_form_shows_the_error_and_the_typed_text_at_its_own_product_only() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let page = visitor.submit_and_follow("/", "/api/cart/add", "product=3&quantity=abc").await.body;
    assert_eq!(page.matches(">Please enter a whole number.<").count(), 1, "{page}");
    let form = page.split("id=\"add-3\"").nth(1).unwrap();
    assert!(form[..form.find("</form>").unwrap()].contains("Please enter a whole number."));
    assert!(form[..form.find('>').unwrap()].contains("value=\"abc\""), "{form}");
    assert_eq!(visitor.get("/api/cart/show").await.json()["items"], 0);
}

#[tokio::test]
async fn a_typed_quantity_is_escaped() {
    let app = TestApp::start().await;
    let quote = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    let form = format!("product=3&quantity={quote}");
    let page = app.visitor().submit_and_follow("/", "/api/cart/add", &form).await.body;
    assert!(!page.contains("<script>alert"), "{page}");
}

#[tokio::test]
async fn the_first_html_shows_the_number_of_items_in_the_badge() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.post("/api/cart/add", "product=1&quantity=7").await;
    let page = visitor.open("/").await.body;
    let badge = page.split("class=\"badge\">").nth(1).unwrap();
    assert!(badge.starts_with('7'), "{}", &badge[..80]);
}

#[tokio::test]
async fn an_error_without_a_form_is_shown_at_the_top_of_the_page() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let page = visitor.submit_and_follow("/", "/api/cart/add", "product=999").await.body;
    assert_eq!(page.matches("We could not find that.").count(), 1, "{page}");
    let large = format!("product=1&quantity={}", "9".repeat(1_000_000));
    let page = visitor.submit_and_follow("/cart", "/api/cart/set", &large).await.body;
    assert!(page.contains("That is too long."), "{page}");
}

#[tokio::test]
async fn a_double_click_on_sign_in_keeps_the_cart() {
    let app = TestApp::start().await;
    let (first, second) = (app.visitor(), app.visitor());
    first.post("/api/cart/add", "product=1&quantity=3").await;
    second.steal(&first.session_cookie().unwrap());
    first.sign_in().await;
    assert_eq!(second.sign_in().await.json()["items"], 3);
    assert_eq!(app.sessions().await, 1);
}
