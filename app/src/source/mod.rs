//! "How this works": each page shows some of its own code, cut out of the sources while the server is built.
//!
//! A feature shows code by a file `how_it_works.md` in its folder: see `app/build.rs`.

mod api;
mod folds;
#[cfg(feature = "ssr")]
mod server;
mod view;

use server_fn::ServerFn;
use web::feature::Feature;

use api::ShowSource;
pub use folds::{FOLDS, Fold};
#[cfg(feature = "ssr")]
pub use server::FoldCode;

#[cfg(feature = "ssr")]
use server::SERVER;
#[cfg(not(feature = "ssr"))]
use web::feature::NO_SERVER as SERVER;

/// What the app needs to know of this feature.
pub const FEATURE: Feature = Feature {
    public: &[ShowSource::PATH],
    below_page: Some(view::folds_of_page),
    server: SERVER,
    ..Feature::EMPTY
};
