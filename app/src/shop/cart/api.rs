//! Server functions that change the cart. Each returns the changed cart.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use web::error::AppError;
#[cfg(feature = "ssr")]
use web::error::ForField;

use super::PricedCart;
#[cfg(feature = "ssr")]
use super::{Cart, Quantity, store};
#[cfg(feature = "ssr")]
use crate::shop::catalog::{ProductId, show_product};

/// Adds `quantity` (1 if empty) of `product`.
#[server(endpoint = "cart/add")]
pub async fn add_to_cart(
    #[server(default)] product: String,
    #[server(default)] quantity: Option<String>,
) -> Result<PricedCart, AppError> {
    let quantity = quantity.as_deref().map_or(Ok(Quantity::ONE), Quantity::parse).for_field("quantity")?;
    let product = show_product(product).await?;
    store::change(|cart| cart.add(&product, quantity)).await
}

/// Sets the quantity of `product`. 0 removes it.
#[server(endpoint = "cart/set")]
pub async fn set_quantity(
    #[server(default)] product: String,
    #[server(default)] quantity: String,
) -> Result<PricedCart, AppError> {
    let Some(quantity) = Quantity::parse_or_zero(&quantity).for_field("quantity")? else {
        return remove_from_cart(product).await;
    };
    let product = show_product(product).await?;
    store::change(|cart| cart.set(&product, quantity)).await
}

/// Removes `product`, even if it is no longer in the catalogue.
#[server(endpoint = "cart/remove")]
pub async fn remove_from_cart(#[server(default)] product: String) -> Result<PricedCart, AppError> {
    let id = ProductId::parse(&product).ok_or(AppError::NotFound)?;
    let remove = |cart: &mut Cart| {
        cart.remove(id);
        Ok(())
    };
    store::change(remove).await
}

#[server(endpoint = "cart/clear")]
pub async fn clear_cart() -> Result<PricedCart, AppError> {
    store::change_existing(Cart::clear).await
}

/// Restores a cleared cart, unless it was changed since.
#[server(endpoint = "cart/restore")]
pub async fn restore_cart() -> Result<PricedCart, AppError> {
    store::change_existing(Cart::restore).await
}

#[server(endpoint = "cart/show", input = GetUrl)]
pub async fn show_cart() -> Result<PricedCart, AppError> {
    let cart = web::context::session()?.read().await?.unwrap_or_default();
    store::price(&cart).await
}
