//! The folds of all pages.

/// One fold.
#[derive(Clone, Copy, Debug)]
pub struct Fold {
    /// Its name.
    pub name: &'static str,
    /// The page that shows it.
    pub page: &'static str,
    /// Its title.
    pub title: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/folds.rs"));

/// The browser gets the code of a fold from the server.
#[cfg(not(feature = "ssr"))]
pub(super) fn no_code_in_page(_: &str) -> &'static str {
    ""
}
