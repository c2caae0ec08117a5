//! The server: settings, database, router, files and operator commands. `router.rs` is the map of all routes and layers.

pub mod assets;
pub mod backup;
pub mod commands;
pub mod crawlers;
pub mod cross_site;
pub mod csp_reports;
pub mod database;
pub mod headers;
pub mod health;
pub mod logging;
pub mod metrics;
mod operator;
pub mod router;
pub mod serve;
pub mod settings;
pub mod state;

pub use router::router;
pub use settings::Settings;
pub use state::AppState;
