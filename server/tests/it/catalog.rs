//! The catalogue and its search.

use axum::http::StatusCode;

use crate::client::{TestApp, Visitor};

async fn found(visitor: &Visitor<'_>, query: &str) -> Vec<i64> {
    let response = visitor.get(&format!("/api/catalog/list?{query}")).await;
    assert_eq!(response.status, StatusCode::OK, "{query}: {}", response.body);
    response.json().as_array().unwrap().iter().map(|product| product["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn a_search_finds_every_word_in_names_and_descriptions_in_any_case() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    assert_eq!(found(&visitor, "q=MUG").await, [4]);
    assert_eq!(found(&visitor, "q=pen").await, [2, 3, 9, 10]);
    assert_eq!(found(&visitor, "q=pen+linen").await, [10]);
    assert!(found(&visitor, "q=unicorn").await.is_empty());
    assert_eq!(found(&visitor, "").await.len(), 12);
}

#[tokio::test]
async fn special_characters_in_a_search_are_plain_text() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    for q in ["%25", "_", "%5C", "'%20or%201=1--", "%22", "a%00b%25", "%F0%9F%8E%92"] {
        assert!(found(&visitor, &format!("q={q}")).await.is_empty(), "{q}");
    }
    let long = "x".repeat(4_000);
    assert!(found(&visitor, &format!("q={long}")).await.is_empty());
}

#[tokio::test]
async fn products_are_sorted_as_requested() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    assert_eq!(found(&visitor, "sort=cheapest").await[..3], [12, 2, 4]);
    assert_eq!(found(&visitor, "sort=dearest").await[..3], [1, 5, 9]);
    assert_eq!(found(&visitor, "sort=name").await[..3], [3, 1, 11]);
    assert_eq!(found(&visitor, "sort=whatever").await[..3], [1, 2, 3]);
}

#[tokio::test]
async fn the_page_shows_the_results_and_the_search_terms() {
    let app = TestApp::start().await;
    let page = app.visitor().open("/?q=mug&sort=name").await.body;
    assert!(page.contains("Enamel mug") && !page.contains("Canvas satchel"), "{page}");
    assert!(page.contains("1 result.") && page.contains("value=\"mug\""), "{page}");
    let page = app.visitor().open("/?q=%3Cscript%3Ealert(1)%3C/script%3E").await.body;
    assert!(page.contains("No results for") && !page.contains("<script>alert"), "{page}");
}

#[tokio::test]
async fn a_low_stock_is_shown() {
    let app = TestApp::start().await;
    assert!(app.visitor().open("/products/3").await.body.contains("3 left"));
    app.change("update products set stock = 0 where id = 3").await;
    assert!(app.visitor().open("/").await.body.contains("Sold out"));
}

#[tokio::test]
async fn an_unknown_product_is_a_404_page() {
    let app = TestApp::start().await;
    for path in ["/products/999", "/products/abc", "/products/-1", "/products/"] {
        let page = app.visitor().open(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.body.contains("Guest"), "{path}: {}", page.body);
    }
}

#[tokio::test]
async fn the_catalogue_has_twelve_products_each_with_its_form() {
    let app = TestApp::start().await;
    let page = app.visitor().open("/").await.body;
    assert_eq!(page.matches("action=\"/api/cart/add\"").count(), 12);
    assert_eq!(page.matches("name=\"product\"").count(), 12);
}
