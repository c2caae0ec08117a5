//! Change the cart; each answer is the cart as it is then.

use leptos::prelude::*;
use server_fn::codec::GetUrl;

use super::PricedCart;
use crate::error::AppError;

/// Adds `quantity` (1 when empty) of `product`.
#[server(endpoint = "cart/add")]
pub async fn add_to_cart(
    #[server(default)] product: String,
    #[server(default)] quantity: Option<String>,
) -> Result<PricedCart, AppError> {
    use super::{Quantity, store};

    let quantity = quantity.as_deref().map_or(Ok(Quantity::ONE), Quantity::parse)?;
    let product = store::existing(&product).await?;
    store::change(|cart| cart.add(&product, quantity)).await
}

/// Sets the quantity of `product`; 0 takes it out.
#[server(endpoint = "cart/set")]
pub async fn set_quantity(
    #[server(default)] product: String,
    #[server(default)] quantity: String,
) -> Result<PricedCart, AppError> {
    use super::{Quantity, store};

    match Quantity::parse_or_zero(&quantity)? {
        None => store::remove(&product).await,
        Some(quantity) => {
            let product = store::existing(&product).await?;
            store::change(|cart| cart.set(&product, quantity)).await
        }
    }
}

/// Takes `product` out.
#[server(endpoint = "cart/remove")]
pub async fn remove_from_cart(#[server(default)] product: String) -> Result<PricedCart, AppError> {
    super::store::remove(&product).await
}

/// Takes everything out.
#[server(endpoint = "cart/clear")]
pub async fn clear_cart() -> Result<PricedCart, AppError> {
    super::store::change_existing(super::Cart::clear).await
}

/// Puts back what was there before the cart was emptied, unless it was changed since.
#[server(endpoint = "cart/restore")]
pub async fn restore_cart() -> Result<PricedCart, AppError> {
    super::store::change_existing(super::Cart::restore).await
}

/// The cart.
#[server(endpoint = "cart/show", input = GetUrl)]
pub async fn show_cart() -> Result<PricedCart, AppError> {
    let cart = crate::context::session()?.read().await?.unwrap_or_default();
    super::store::price(&cart).await
}
