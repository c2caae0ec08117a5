//! Settings of the server that pages depend on.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What the browser knows of the settings.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct PublicSettings {
    /// Whether the sign-in page shows the demo account.
    pub demo_account: bool,
}

/// The address of the site for other sites: scheme, host and port. On the server only, if it is known.
#[derive(Clone, Debug)]
pub struct SiteUrl(pub Arc<str>);
