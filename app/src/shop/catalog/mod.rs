//! The catalogue: products, and how to find them.

mod api;
mod model;
#[cfg(feature = "ssr")]
pub mod store;
mod view;

pub use api::{ListProducts, ShowProduct, list_products, show_product};
pub use model::{Cents, Product, ProductId, Sorting, search_words};
pub use view::{ProductDetails, ProductList, SearchForm};

/// The path of a product's page.
pub fn product_page(id: ProductId) -> String {
    format!("/products/{id}")
}
