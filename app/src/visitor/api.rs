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
