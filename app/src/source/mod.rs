//! "How this works": each page shows some of its own code, which `app/build.rs` cuts out of the sources.
//!
//! A feature shows code by a file `how_it_works.md` in its folder.

mod api;
mod view;

use server_fn::ServerFn;
use web::feature::Feature;

use api::ShowSource;

/// What the app needs to know of this feature.
pub const FEATURE: Feature =
    Feature { public: &[ShowSource::PATH], below_page: Some(view::folds_of_page), ..Feature::EMPTY };

/// A section below a page that unfolds to show code.
#[derive(Clone, Copy, Debug)]
pub struct Fold {
    pub name: &'static str,
    /// The page that shows it.
    pub page: &'static str,
    pub title: &'static str,
    /// Its HTML; empty in the browser, which gets it from the server.
    pub html: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/folds.rs"));
