//! The parts of an app that the middleware of this crate needs. The server creates them once, at start.

use std::sync::Arc;

use leptos::{config::LeptosOptions, prelude::provide_context};
use session::Database;

use crate::{failure::FailurePage, feature::Features, server_feature::Services};

/// The app, as the state of middleware.
pub type Site = Arc<SiteState>;

/// The parts of a [`Site`].
#[derive(Debug)]
pub struct SiteState {
    pub features: Features,
    pub db: Database,
    pub options: LeptosOptions,
    pub failure: Arc<FailurePage>,
    pub services: Services,
    /// The patterns of the app's pages, such as `/posts/:id`.
    pub pages: Vec<String>,
}

impl SiteState {
    /// Provides the contexts of a page or a server function.
    pub fn provide(&self) {
        provide_context(self.features);
        provide_context(self.db.clone());
        self.services.provide();
    }
}
