//! Server functions of the catalogue.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use web::error::AppError;

use super::Product;

/// The products whose name or description contains all words of `q`, sorted by `name`, `cheapest` or `dearest`.
#[server(endpoint = "catalog/list", input = GetUrl)]
pub async fn list_products(
    #[server(default)] q: String,
    #[server(default)] sort: String,
) -> Result<Vec<Product>, AppError> {
    use super::{Sorting, search_words, store};

    let db = web::context::db()?;
    Ok(store::search_products(&db, &search_words(&q), Sorting::parse(&sort)).await?.to_vec())
}

#[server(endpoint = "catalog/show", input = GetUrl)]
pub async fn show_product(#[server(default)] product: String) -> Result<Product, AppError> {
    use super::{ProductId, store};

    let id = ProductId::parse(&product).ok_or(AppError::NotFound)?;
    let found = store::find_products(&web::context::db()?, &[id]).await?;
    found.first().cloned().ok_or(AppError::NotFound)
}
