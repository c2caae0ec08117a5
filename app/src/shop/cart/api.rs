//! Server functions that change the cart. Each returns the changed cart.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use web::error::AppError;

use super::PricedCart;

/// Adds `quantity` (1 if empty) of `product`.
#[server(endpoint = "cart/add")]
pub async fn add_to_cart(
    #[server(default)] product: String,
    #[server(default)] quantity: Option<String>,
) -> Result<PricedCart, AppError> {
    use super::{Quantity, store};

    let quantity = quantity.as_deref().map_or(Ok(Quantity::ONE), Quantity::parse)?;
    let product = store::find(&product).await?;
    store::change(|cart| cart.add(&product, quantity)).await
}

/// Sets the quantity of `product`. 0 removes it.
#[server(endpoint = "cart/set")]
pub async fn set_quantity(
    #[server(default)] product: String,
    #[server(default)] quantity: String,
) -> Result<PricedCart, AppError> {
    use super::{Quantity, store};

    match Quantity::parse_or_zero(&quantity)? {
        None => store::remove(&product).await,
        Some(quantity) => {
            let product = store::find(&product).await?;
            store::change(|cart| cart.set(&product, quantity)).await
        }
    }
}

/// Removes `product`.
#[server(endpoint = "cart/remove")]
pub async fn remove_from_cart(#[server(default)] product: String) -> Result<PricedCart, AppError> {
    super::store::remove(&product).await
}

/// Removes everything.
#[server(endpoint = "cart/clear")]
pub async fn clear_cart() -> Result<PricedCart, AppError> {
    super::store::change_existing(super::Cart::clear).await
}

/// Restores a cleared cart, unless it was changed since.
#[server(endpoint = "cart/restore")]
pub async fn restore_cart() -> Result<PricedCart, AppError> {
    super::store::change_existing(super::Cart::restore).await
}

/// The cart.
#[server(endpoint = "cart/show", input = GetUrl)]
pub async fn show_cart() -> Result<PricedCart, AppError> {
    let cart = web::context::session()?.read().await?.unwrap_or_default();
    super::store::price(&cart).await
}
