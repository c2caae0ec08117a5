//! The app: one folder for each feature, the layout around all pages, and the routes.
//!
//! A feature is listed in `features.rs`, and its pages in `app.rs`. The crate feature `ssr` builds the server's half, `hydrate` the
//! browser's.

// The types of whole pages are nested deeper than the compiler looks by default.
#![recursion_limit = "256"]
#![expect(unreachable_pub, reason = "the macros of Leptos write `pub` items inside functions")]

mod app;
mod features;
mod layout;
mod not_found;
mod settings;
#[cfg(feature = "ssr")]
mod shell;

pub mod account;
pub mod auth;
pub mod cookies;
pub mod explorer;
pub mod preferences;
pub mod shop;
pub mod source;
pub mod visits;

pub use app::App;
pub use features::FEATURES;
pub use settings::{PublicSettings, SiteUrl};
#[cfg(feature = "ssr")]
pub use shell::{failure_page, shell};
