//! Preferences: the theme of the pages, kept in the session and chosen in the header.

mod api;
mod model;
#[cfg(feature = "ssr")]
mod store;
mod switch;

use server_fn::ServerFn;
use web::feature::{Feature, Form};

pub use api::SetTheme;
pub use model::Theme;
pub use switch::ThemeSwitch;

#[cfg(feature = "ssr")]
use store::SERVER;
#[cfg(not(feature = "ssr"))]
use web::feature::NO_SERVER as SERVER;

/// What the app needs to know of this feature.
pub const FEATURE: Feature = Feature {
    public: &[SetTheme::PATH],
    forms: &[Form::to::<SetTheme>()],
    session_keys: &["theme"],
    server: SERVER,
    ..Feature::EMPTY
};
