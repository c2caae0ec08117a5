//! Server functions of the preferences.

use leptos::prelude::*;
use web::{error::AppError, snapshot::Visitor};

/// Sets the theme to `light`, `dark` or `system`.
#[server(endpoint = "preferences/theme")]
pub async fn set_theme(#[server(default)] theme: String) -> Result<Visitor, AppError> {
    use web::{context, error::Invalid, visitor};

    use super::Theme;

    let theme = Theme::parse(&theme).ok_or_else(|| Invalid::NOT_AN_OPTION.for_field("theme"))?;
    context::session()?.update(|stored: &mut Theme| *stored = theme).await?;
    visitor::load_current().await
}
