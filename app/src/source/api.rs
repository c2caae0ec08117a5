//! The server function of the folds.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use server_fn::codec::GetUrl;
use web::error::AppError;

/// The code of a fold.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Source {
    /// HTML, generated from the sources of this app.
    pub html: String,
}

/// The code of the fold with the name `page`.
#[server(endpoint = "source/show", input = GetUrl)]
pub async fn show_source(#[server(default)] page: String) -> Result<Source, AppError> {
    let fold = super::FOLDS.iter().find(|fold| fold.name == page).ok_or(AppError::NotFound)?;
    Ok(Source { html: fold.html.to_owned() })
}
