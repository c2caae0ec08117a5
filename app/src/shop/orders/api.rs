//! Server functions of orders. All of them are for signed-in users.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use web::error::AppError;
#[cfg(feature = "ssr")]
use web::{audit, context::RequestContext, error::Invalid};

use super::Order;
#[cfg(feature = "ssr")]
use super::{OrderId, store};
#[cfg(feature = "ssr")]
use crate::{
    auth::{CurrentUser, Event},
    shop::cart::OrderToken,
};

/// Orders what is in the cart. Sending the same token twice places one order.
#[server(endpoint = "orders/place")]
pub async fn place_order(#[server(default)] token: String) -> Result<Order, AppError> {
    let request = RequestContext::current()?;
    let user = CurrentUser::require(&request).await?;
    if token.is_empty() {
        return Err(Invalid::MISSING.for_field("token"));
    }
    let token = OrderToken::parse(&token).ok_or(AppError::Malformed)?;
    store::place(&request, &user, &token).await
}

/// The user's latest orders, the newest first.
#[server(endpoint = "orders/list", input = GetUrl)]
pub async fn list_orders() -> Result<Vec<Order>, AppError> {
    let request = RequestContext::current()?;
    let user = CurrentUser::require(&request).await?;
    store::list_orders(&request.db, &user).await
}

/// One of the user's orders.
#[server(endpoint = "orders/show", input = GetUrl)]
pub async fn show_order(#[server(default)] order: String) -> Result<Order, AppError> {
    let request = RequestContext::current()?;
    let user = CurrentUser::require(&request).await?;
    let id = OrderId::parse(&order).ok_or(AppError::NotFound)?;
    let found = store::find_order(&request.db, &user, &id).await?;
    if found.is_none() {
        audit::record(Event::AccessRefused, &request, Some(&user.user().id.0)).await;
    }
    found.ok_or(AppError::NotFound)
}
