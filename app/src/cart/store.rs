//! The cart lies in the session; names and prices come from the catalogue.

use session::SessionValue;

use super::{Cart, CartError, PricedCart};
use crate::{
    catalog::{
        ProductId,
        store::{find_product, find_products},
    },
    context,
    error::AppError,
};

impl SessionValue for Cart {
    const KEY: &'static str = "cart";
}

/// The product that a form names, if the catalogue has it.
pub(super) async fn existing(product: &str) -> Result<ProductId, AppError> {
    let id = ProductId::parse(product).ok_or(AppError::NotFound)?;
    let product = find_product(&context::pool()?, id).await?;
    product.map(|product| product.id).ok_or(AppError::NotFound)
}

/// Applies one change to the visitor's cart and shows it as it is then.
pub(super) async fn change(
    mut change: impl FnMut(&mut Cart) -> Result<(), CartError> + Send,
) -> Result<PricedCart, AppError> {
    let change = move |cart: &mut Cart| change(cart).map(|()| cart.clone());
    let cart = context::session()?.update(change).await??;
    price(&cart).await
}

/// Puts today's names and prices to a cart.
pub(super) async fn price(cart: &Cart) -> Result<PricedCart, AppError> {
    let ids: Vec<ProductId> = cart.lines().iter().map(|line| line.product).collect();
    Ok(PricedCart::new(cart, &find_products(&context::pool()?, &ids).await?))
}
