//! Show who is asking.

use leptos::prelude::*;
use server_fn::codec::GetUrl;

use super::Visitor;
use crate::error::AppError;

/// The visitor.
#[server(endpoint = "visitor/show", input = GetUrl)]
pub async fn show_visitor() -> Result<Visitor, AppError> {
    super::current().await
}

/// The visitor, for a page that asks by itself: it does not count as a use of the session.
#[server(endpoint = "visitor/peek", input = GetUrl)]
pub async fn peek_visitor() -> Result<Visitor, AppError> {
    crate::context::session()?.read_quietly();
    super::current().await
}
