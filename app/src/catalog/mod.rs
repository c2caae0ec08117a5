//! The catalogue: what there is to buy.

mod api;
mod model;
#[cfg(feature = "ssr")]
pub mod store;
mod view;

pub use api::{ListProducts, ShowProduct, list_products, show_product};
pub use model::{Cents, Product, ProductId, Search, Sorting};
pub use view::{ProductDetails, ProductList, SearchForm};
