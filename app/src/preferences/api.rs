//! Choose a theme.

use leptos::prelude::*;

use crate::{error::AppError, visitor::Visitor};

/// Sets the theme to `light`, `dark` or `system`.
#[server(endpoint = "preferences/theme")]
pub async fn set_theme(#[server(default)] theme: String) -> Result<Visitor, AppError> {
    use super::Theme;
    use crate::{
        context,
        error::{Field, Problem},
        visitor,
    };

    let theme = Theme::parse(&theme).ok_or(AppError::invalid(Field::Theme, Problem::NotAChoice))?;
    context::session()?.update(|kept: &mut Theme| *kept = theme).await?;
    visitor::current().await
}
