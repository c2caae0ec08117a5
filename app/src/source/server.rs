//! The code of the folds, on the server only: the browser's code contains none of it.

use leptos::prelude::use_context;
use web::server_feature::{ServerFeature, ServerHooks, Setup};

pub(super) const SERVER: ServerHooks = &Hooks;

#[derive(Debug)]
struct Hooks;

impl ServerFeature for Hooks {
    fn start(&self, setup: &mut Setup) {
        setup.provide(FoldCode(CODE));
    }
}

/// The HTML of each fold, by name.
#[derive(Clone, Copy, Debug)]
pub struct FoldCode(&'static [(&'static str, &'static str)]);

impl FoldCode {
    /// The HTML of a fold.
    #[must_use]
    pub fn html(self, name: &str) -> Option<&'static str> {
        self.0.iter().find(|(other, _)| *other == name).map(|(_, html)| *html)
    }
}

include!(concat!(env!("OUT_DIR"), "/code.rs"));

/// The HTML of a fold for the page that is being rendered.
pub(super) fn code_in_page(name: &str) -> &'static str {
    use_context::<FoldCode>().and_then(|code| code.html(name)).unwrap_or_default()
}
