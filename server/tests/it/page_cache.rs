//! Cached pages: each visitor sees their own page, and every change appears on the next page.

use crate::{
    client::{TestApp, Visitor},
    orders::token,
};

#[tokio::test]
async fn each_visitor_sees_a_page_of_their_own() {
    let app = TestApp::start().await;
    let (ada, grace, guest) = (app.visitor(), app.visitor(), app.visitor());
    ada.register("Ada").await;
    grace.register("Grace").await;
    for _ in 0..3 {
        let pages = (ada.open("/").await.body, grace.open("/").await.body, guest.open("/").await.body);
        assert!(pages.0.contains(">Ada<") && !pages.0.contains("Grace"), "{}", pages.0);
        assert!(pages.1.contains(">Grace<") && !pages.1.contains("Ada"), "{}", pages.1);
        assert!(pages.2.contains(">Guest<") && !pages.2.contains("Ada"), "{}", pages.2);
    }
}

#[tokio::test]
async fn carts_with_the_same_number_of_items_are_not_confused() {
    let app = TestApp::start().await;
    let (mug, notebook) = (app.visitor(), app.visitor());
    mug.post("/api/cart/add", "product=4").await;
    notebook.post("/api/cart/add", "product=3").await;
    let lines = async |visitor: &Visitor<'_>| {
        let page = visitor.open("/cart").await.body;
        (page.contains("href=\"/products/4\""), page.contains("href=\"/products/3\""))
    };
    assert_eq!((lines(&mug).await, lines(&notebook).await), ((true, false), (false, true)));
    mug.post("/api/cart/remove", "product=4").await;
    mug.post("/api/cart/add", "product=3").await;
    assert_eq!(lines(&mug).await, (false, true));
}

#[tokio::test]
async fn an_error_in_the_url_is_ignored() {
    let app = TestApp::start().await;
    // Leptos encodes an error as JSON in base64.
    let error = "__path=/api/cart/add&__err=eyJlcnJvciI6ImludGVybmFsIn0%3D";
    for path in [&format!("/?{error}"), &format!("/products/4?{error}"), "/", "/products/4"] {
        let page = app.visitor().open(path).await;
        assert!(page.status.is_success());
        assert!(!page.body.contains("Something went wrong"), "{path}: {}", page.body);
    }
}

#[tokio::test]
async fn a_change_of_the_session_appears_on_the_next_page() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.register("Ada").await;
    for path in ["/", "/cart", "/products/4"] {
        visitor.open(path).await;
    }
    visitor.post("/api/preferences/theme", "theme=dark").await;
    visitor.post("/api/auth/name", "name=Countess").await;
    for path in ["/", "/cart", "/products/4"] {
        let page = visitor.open(path).await.body;
        assert!(page.contains("data-theme=\"dark\"") && page.contains(">Countess<"), "{path}: {page}");
    }
    visitor.post("/api/auth/logout", "").await;
    for path in ["/", "/cart", "/products/4"] {
        assert!(visitor.open(path).await.body.contains(">Guest<"), "{path}");
    }
}

#[tokio::test]
async fn a_message_is_shown_once() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.open("/").await;
    let page = visitor.submit_and_follow("/", "/api/cart/add", "product=4&quantity=2").await.body;
    assert!(page.contains("Added to your cart."), "{page}");
    let page = visitor.open("/").await.body;
    assert!(!page.contains("Added to your cart."), "{page}");
    let refused = visitor.submit_and_follow("/", "/api/cart/add", "product=4&quantity=many").await.body;
    assert!(refused.contains("value=\"many\""), "{refused}");
    for page in [visitor.open("/").await.body, app.visitor().open("/").await.body] {
        assert!(!page.contains("value=\"many\""), "{page}");
    }
}

#[tokio::test]
async fn a_change_of_the_catalogue_appears_on_the_next_page_of_every_visitor() {
    let app = TestApp::start().await;
    let buyer = app.visitor();
    buyer.register("Ada").await;
    for path in ["/", "/products/3"] {
        assert!(app.visitor().open(path).await.body.contains("3 left"), "{path}");
    }
    buyer.post("/api/cart/add", "product=3&quantity=2").await;
    let ordered = buyer.post("/api/orders/place", &format!("token={}", token(&buyer).await)).await;
    assert!(ordered.status.is_success(), "{}", ordered.body);
    for visitor in [app.visitor(), buyer] {
        for path in ["/", "/products/3"] {
            let page = visitor.open(path).await.body;
            assert!(page.contains("1 left") && !page.contains("3 left"), "{path}: {page}");
        }
    }
}

// <visits>
#[tokio::test]
async fn a_page_that_a_browser_prefetches_is_not_shared() {
    let app = TestApp::start().await;
    let prefetch =
        axum::http::Request::get("/visits").header("accept", "text/html").header("sec-purpose", "prefetch");
    let page = app.visitor().send(prefetch.body(axum::body::Body::empty()).unwrap()).await;
    assert!(page.body.contains("No visits yet"), "{}", page.body);
    for _ in 0..3 {
        let page = app.visitor().open("/visits").await;
        assert!(page.sets_cookie() && !page.body.contains("No visits yet"), "{}", page.body);
    }
}
// </visits>

// <cookies>
#[tokio::test]
async fn a_page_that_depends_on_cookies_is_not_shared() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    assert!(visitor.open("/cookies").await.body.contains("has not sent any cookies"));
    visitor.put_cookie("fruit", "lab:plum");
    assert!(visitor.open("/cookies").await.body.contains("fruit"));
    assert!(app.visitor().open("/cookies").await.body.contains("has not sent any cookies"));
}
// </cookies>

/// Whether the catalogue shows an old price after another program has changed it.
async fn shows_old_price(app: &TestApp) -> bool {
    let mut price = 4_711;
    // Tries several times, because the cache expires after a second.
    for _ in 0..10 {
        app.visitor().open("/").await;
        price += 1;
        let change = format!("update products set price_cents = {price} where id = 4");
        sqlx::query(sqlx::AssertSqlSafe(change)).execute(&app.pool).await.unwrap();
        let new = format!("€47.{}", price - 4_700);
        if !app.visitor().open("/").await.body.contains(&new) {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn a_shared_database_disables_the_cache() {
    assert!(shows_old_price(&TestApp::start().await).await);
    assert!(!shows_old_price(&TestApp::start_with(&[("DATABASE_SHARED", "true")]).await).await);
}
