//! Server functions of the folds.

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
    use super::FoldCode;

    let code = web::context::expect_service::<FoldCode>()?;
    Ok(Source { html: code.html(&page).ok_or(AppError::NotFound)?.to_owned() })
}
