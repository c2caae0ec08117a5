//! Server functions that return the visitor.

use leptos::prelude::*;
use server_fn::codec::GetUrl;

use crate::{error::AppError, snapshot::Visitor};

/// The visitor. Extends the idle timeout.
#[server(endpoint = "visitor/show", input = GetUrl)]
pub async fn show_visitor() -> Result<Visitor, AppError> {
    super::load_current().await
}

/// The visitor, without extending the idle timeout: for requests that the user did not cause.
#[server(endpoint = "visitor/peek", input = GetUrl)]
pub async fn peek_visitor() -> Result<Visitor, AppError> {
    crate::context::session()?.read_quietly();
    super::load_current().await
}
