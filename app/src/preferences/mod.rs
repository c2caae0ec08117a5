//! What a visitor likes: the theme.

mod api;
mod model;
#[cfg(feature = "ssr")]
mod store;
mod view;

pub use api::{SetTheme, set_theme};
pub use model::Theme;
pub use view::ThemeSwitch;
