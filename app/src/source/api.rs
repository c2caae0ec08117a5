//! Show the code of a page.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use server_fn::codec::GetUrl;

use crate::error::AppError;

/// What a fold shows.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Source {
    /// HTML, made by this app from its own source.
    pub html: String,
}

/// The code of the fold that `page` asks for.
#[server(endpoint = "source/show", input = GetUrl)]
pub async fn show_source(#[server(default)] page: String) -> Result<Source, AppError> {
    let html = super::FOLDS.html(&page).ok_or(AppError::NotFound)?;
    Ok(Source { html: html.to_owned() })
}
