//! What an app hands to this crate, once, when its server starts.

use std::{ops::Deref, sync::Arc};

use leptos::{config::LeptosOptions, prelude::provide_context};
use session::Database;

use crate::{failure::FailurePage, feature::Features, server_feature::Services};

/// The app, for all middleware of this crate. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Site(Arc<SiteState>);

/// The parts of a [`Site`].
#[derive(Debug)]
pub struct SiteState {
    /// The features.
    pub features: Features,
    /// The database.
    pub db: Database,
    /// Where the browser's code is.
    pub options: LeptosOptions,
    /// The page for a request that could not be answered.
    pub failure: Arc<FailurePage>,
    /// What features provide to pages and server functions.
    pub services: Services,
    /// The patterns of the app's pages, such as `/posts/:id`.
    pub pages: Vec<String>,
}

impl Site {
    /// Puts the parts together.
    #[must_use]
    pub fn new(state: SiteState) -> Self {
        Self(Arc::new(state))
    }

    /// Provides everything that a page or a server function needs as context.
    pub fn provide(&self) {
        provide_context(self.features);
        provide_context(self.db.clone());
        self.services.provide();
    }
}

impl Deref for Site {
    type Target = SiteState;

    fn deref(&self) -> &SiteState {
        &self.0
    }
}
