//! Orders: each is placed once, never sells more than the stock, and is visible to its owner only.

use axum::http::StatusCode;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::client::{PASSWORD, Response, TestApp, Visitor};

const PLACE: &str = "/api/orders/place";

async fn stock(app: &TestApp, product: i64) -> i64 {
    sqlx::query_scalar("select stock from products where id = $1")
        .bind(product)
        .fetch_one(&app.pool)
        .await
        .unwrap()
}

async fn set(app: &TestApp, column: &str, product: i64, value: i64) {
    app.change(&format!("update products set {column} = {value} where id = {product}")).await;
}

async fn count(app: &TestApp, table: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
        .fetch_one(&app.pool)
        .await
        .unwrap()
}

/// The token of the order form on the cart page.
pub(crate) async fn token(visitor: &Visitor<'_>) -> String {
    let page = visitor.open("/cart").await.body;
    let field = page.split("name=\"token\" value=\"").nth(1).unwrap_or_else(|| panic!("no token: {page}"));
    field.split('"').next().unwrap().to_owned()
}

async fn items(visitor: &Visitor<'_>) -> Value {
    visitor.get("/api/visitor/show").await.json()["items"].clone()
}

fn refused(response: &Response) -> (StatusCode, Value) {
    (response.status, response.json()["error"].clone())
}

#[tokio::test]
async fn an_order_contains_the_cart_at_the_prices_that_were_shown() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    visitor.post("/api/cart/add", "product=3&quantity=2").await;
    visitor.post("/api/cart/add", "product=12&quantity=5").await;
    let response = visitor.post(PLACE, &format!("token={}", token(&visitor).await)).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    let order = response.json();
    let line = |product, name, unit_price, quantity: i64| json!({ "product": product, "name": name, "unit_price": unit_price, "quantity": quantity, "total": unit_price * quantity });
    assert_eq!(
        order["lines"],
        json!([line(3, "Brass mechanical pencil", 3900, 2), line(12, "Tin of peppermints", 450, 5)])
    );
    assert_eq!((&order["total"], &order["placed_at"]), (&json!(7_800 + 2_250), &json!(app.clock.now())));
    assert_eq!((stock(&app, 3).await, items(&visitor).await), (1, json!(0)));

    // A later price does not change the order.
    set(&app, "price_cents", 3, 9_900).await;
    let id = order["id"].as_str().unwrap();
    assert_eq!(visitor.get("/api/orders/list").await.json(), json!([order]));
    assert_eq!(visitor.get(&format!("/api/orders/show?order={id}")).await.json(), order);
    let list = visitor.open("/orders").await.body;
    assert!(list.contains(&format!("/orders/{id}")) && list.contains("€100.50"), "{list}");
    let page = visitor.open(&format!("/orders/{id}")).await.body;
    assert!(page.contains("Brass mechanical pencil") && page.contains("€39.00"), "{page}");
}

#[tokio::test]
async fn a_guest_signs_in_to_order_and_keeps_the_cart() {
    let app = TestApp::start().await;
    app.visitor().register("Ada").await;
    let visitor = app.visitor();
    visitor.post("/api/cart/add", "product=4&quantity=2").await;
    assert_eq!(
        refused(&visitor.post(PLACE, "token=t").await),
        (StatusCode::UNAUTHORIZED, json!("sign_in_first"))
    );
    let response = visitor.submit("/cart", PLACE, &format!("token={}", token(&visitor).await)).await;
    assert_eq!(response.location(), "/login?next=%2Fcart");
    let form = format!("email=ada@example.com&password={PASSWORD}&next=/cart");
    let page = visitor.submit_and_follow("/login?next=%2Fcart", "/api/auth/login", &form).await.body;
    assert!(page.contains("Enamel mug") && page.contains("Place order"), "{page}");

    let response = visitor.submit("/cart", PLACE, &format!("token={}", token(&visitor).await)).await;
    assert_eq!((response.status, response.location()), (StatusCode::SEE_OTHER, "/orders"));
    let page = visitor.open("/orders").await.body;
    assert!(page.contains("Your order has been placed. Thank you!") && page.contains("€33.00"), "{page}");
    assert_eq!(count(&app, "orders").await, 1);
}

/// Security: 15.4.2
#[tokio::test]
async fn a_refused_order_changes_nothing_and_shows_the_reason() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    let conflict = |error| (StatusCode::CONFLICT, json!(error));
    assert_eq!(refused(&visitor.post(PLACE, "token=t").await), conflict("cart_empty"));
    let page = visitor.submit_and_follow("/cart", PLACE, "token=t").await.body;
    assert!(page.contains("Your cart is empty, so there is nothing to order."), "{page}");

    visitor.post("/api/cart/add", "product=4").await;
    visitor.post("/api/cart/add", "product=3&quantity=3").await;
    let missing = visitor.post(PLACE, "").await.json();
    assert_eq!(
        missing,
        json!({ "error": "invalid", "field": "token", "message": "Please fill in this field." })
    );

    // Another buyer has bought the product.
    let form = format!("token={}", token(&visitor).await);
    set(&app, "stock", 3, 2).await;
    assert_eq!(refused(&visitor.post(PLACE, &form).await), conflict("out_of_stock"));
    let page = visitor.submit_and_follow("/cart", PLACE, &form).await.body;
    assert!(page.contains("is not available in this quantity") && page.contains("Only 2 left."), "{page}");
    assert_eq!((stock(&app, 4).await, stock(&app, 3).await), (1_000, 2), "the other line is not sold either");

    // The price or the cart has changed since the page was opened.
    visitor.post("/api/cart/set", "product=3&quantity=2").await;
    let form = format!("token={}", token(&visitor).await);
    set(&app, "price_cents", 4, 9_900).await;
    assert_eq!(refused(&visitor.post(PLACE, &form).await), conflict("cart_changed"));
    let page = visitor.submit_and_follow("/cart", PLACE, &form).await.body;
    assert!(page.contains("Your cart or a price has changed"), "{page}");
    assert!(page.contains("The price was €16.50 when you added it."), "{page}");
    let form = format!("token={}", token(&visitor).await);
    visitor.post("/api/cart/remove", "product=3").await;
    assert_eq!(refused(&visitor.post(PLACE, &form).await), conflict("cart_changed"));

    // The product has been deleted.
    visitor.post("/api/cart/add", "product=5").await;
    app.change("delete from products where id = 5").await;
    let form = format!("token={}", token(&visitor).await);
    assert_eq!(refused(&visitor.post(PLACE, &form).await), conflict("out_of_stock"));
    assert!(visitor.open("/cart").await.body.contains("This product is no longer available."));
    assert_eq!((count(&app, "orders").await, items(&visitor).await), (0, json!(2)));

    visitor.post("/api/cart/remove", "product=5").await;
    let form = format!("token={}", token(&visitor).await);
    assert_eq!(visitor.post(PLACE, &form).await.json()["total"], 9_900);
}

/// Security: 15.4.1
#[tokio::test]
async fn a_form_that_is_sent_twice_creates_one_order() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    visitor.post("/api/cart/add", "product=4&quantity=2").await;
    let form = format!("token={}", token(&visitor).await);
    let first = visitor.post(PLACE, &form).await.json();
    // Even if the cart has items again.
    visitor.post("/api/cart/add", "product=5").await;
    assert_eq!(visitor.post(PLACE, &form).await.json(), first);
    assert_eq!(visitor.submit("/cart", PLACE, &form).await.location(), "/orders");
    assert_eq!((count(&app, "orders").await, stock(&app, 4).await), (1, 998));
    assert_eq!(items(&visitor).await, 1, "the new cart is still there");
    // A token of another user is independent, even if the text is the same.
    let other = app.visitor();
    other.register("Eve").await;
    other.post("/api/cart/add", "product=4&quantity=2").await;
    assert_ne!(other.post(PLACE, &form).await.json()["id"], first["id"]);
}

/// Security: 15.4.1
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_concurrent_requests_with_one_token_create_one_order() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    visitor.post("/api/cart/add", "product=4&quantity=2").await;
    let form = format!("token={}", token(&visitor).await);
    let responses = join_all((0..100).map(|_| visitor.post(PLACE, &form))).await;
    for response in &responses {
        assert_eq!((response.status, &response.body), (StatusCode::OK, &responses[0].body));
    }
    assert_eq!((count(&app, "orders").await, stock(&app, 4).await), (1, 998));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_order_the_same_cart_once() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    visitor.post("/api/cart/add", "product=4").await;
    // A cached page may contain the same token twice; each response to a script has a new one.
    let carts = [visitor.get("/api/cart/show").await.json(), visitor.get("/api/cart/show").await.json()];
    let forms = carts.map(|cart| format!("token={}", cart["token"].as_str().unwrap()));
    assert_ne!(forms[0], forms[1]);
    let responses = join_all(forms.iter().map(|form| visitor.post(PLACE, form))).await;
    let mut statuses: Vec<_> = responses.iter().map(|response| response.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!((statuses, count(&app, "orders").await), (vec![200, 409], 1));
}

/// Security: 15.4.2
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_concurrent_buyers_never_buy_more_than_the_stock() {
    let app = TestApp::start_with(&[("SIGN_IN_LIMIT", "off")]).await;
    set(&app, "stock", 3, 30).await;
    let buyers: Vec<_> = (0..100).map(|_| app.visitor()).collect();
    for (number, buyer) in buyers.iter().enumerate() {
        buyer.register(&format!("buyer{number}")).await;
        buyer.post("/api/cart/add", "product=3").await;
    }
    // All buyers load their cart before the first order.
    let carts = join_all(buyers.iter().map(|buyer| buyer.get("/api/cart/show"))).await;
    let forms: Vec<_> =
        carts.iter().map(|cart| format!("token={}", cart.json()["token"].as_str().unwrap())).collect();
    let responses = join_all(buyers.iter().zip(&forms).map(|(buyer, form)| buyer.post(PLACE, form))).await;
    let (bought, others): (Vec<_>, Vec<_>) =
        responses.iter().partition(|response| response.status == StatusCode::OK);
    assert_eq!((bought.len(), others.len()), (30, 70));
    for response in others {
        assert_eq!(refused(response), (StatusCode::CONFLICT, json!("out_of_stock")));
    }
    assert_eq!((count(&app, "orders").await, stock(&app, 3).await), (30, 0));
    // The others keep the product in the cart.
    let carts = join_all(buyers.iter().map(items)).await;
    assert_eq!(carts.iter().filter(|items| **items == 1).count(), 70);
}

/// Security: 8.3.1
#[tokio::test]
async fn orders_are_visible_to_their_owner_only_and_deleted_with_the_account() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.visitor(), app.visitor());
    ada.register("Ada").await;
    eve.register("Eve").await;
    ada.post("/api/cart/add", "product=4").await;
    let order = ada.post(PLACE, "token=t").await.json();
    let id = order["id"].as_str().unwrap();
    let page = format!("/orders/{id}");
    assert_eq!(eve.get("/api/orders/list").await.json(), json!([]));
    assert!(eve.open("/orders").await.body.contains("You have not ordered anything yet."));
    for path in [format!("/api/orders/show?order={id}"), page.clone(), "/orders/nothing".to_owned()] {
        assert_eq!(eve.open(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let guest = app.visitor().open(&page).await;
    assert_eq!(guest.location(), format!("/login?next=%2Forders%2F{id}"));

    ada.post("/api/auth/delete", &format!("password={PASSWORD}")).await;
    assert_eq!((count(&app, "orders").await, count(&app, "order_lines").await), (0, 0));
}
