//! Look at the catalogue.

use leptos::prelude::*;
use server_fn::codec::GetUrl;

use super::Product;
use crate::error::AppError;

/// All products.
#[server(endpoint = "catalog/list", input = GetUrl)]
pub async fn list_products() -> Result<Vec<Product>, AppError> {
    Ok(super::store::list_products(&crate::context::pool()?).await?)
}

/// One product.
#[server(endpoint = "catalog/show", input = GetUrl)]
pub async fn show_product(#[server(default)] product: String) -> Result<Product, AppError> {
    use super::{ProductId, store};

    let id = ProductId::parse(&product).ok_or(AppError::NotFound)?;
    store::find_product(&crate::context::pool()?, id).await?.ok_or(AppError::NotFound)
}
