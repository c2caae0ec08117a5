//! Place an order, see orders.

use leptos::prelude::*;
use server_fn::codec::GetUrl;

use super::Order;
use crate::error::AppError;

/// Orders what is in the cart. The same token twice is one order.
#[server(endpoint = "orders/place")]
pub async fn place_order(#[server(default)] token: String) -> Result<Order, AppError> {
    use super::store;
    use crate::{
        auth::CurrentUser,
        cart::OrderToken,
        context,
        error::{Field, Problem},
    };

    let caller = context::caller()?;
    let user = CurrentUser::require(&caller).await?;
    if token.is_empty() {
        return Err(AppError::invalid(Field::Token, Problem::Missing));
    }
    let token = OrderToken::parse(&token).ok_or(AppError::Malformed)?;
    store::place(&caller, &user, &token).await
}

/// The user's latest orders, the newest first.
#[server(endpoint = "orders/list", input = GetUrl)]
pub async fn list_orders() -> Result<Vec<Order>, AppError> {
    use super::store;
    use crate::{auth::CurrentUser, context};

    let caller = context::caller()?;
    let user = CurrentUser::require(&caller).await?;
    store::list_orders(&caller.db, &user).await
}

/// One of the user's orders.
#[server(endpoint = "orders/show", input = GetUrl)]
pub async fn show_order(#[server(default)] order: String) -> Result<Order, AppError> {
    use super::{OrderId, store};
    use crate::{
        auth::{
            CurrentUser,
            audit::{self, Event},
        },
        context,
    };

    let caller = context::caller()?;
    let user = CurrentUser::require(&caller).await?;
    let id = OrderId::parse(&order).ok_or(AppError::NotFound)?;
    let found = store::find_order(&caller.db, &user, &id).await?;
    if found.is_none() {
        audit::record(Event::AccessRefused, &caller, Some(&user.user().id)).await;
    }
    found.ok_or(AppError::NotFound)
}
