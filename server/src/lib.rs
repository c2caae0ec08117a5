//! The server: settings, database, and the router that tests drive as it is.

pub mod assets;
pub mod backup;
pub mod commands;
pub mod crawlers;
pub mod cross_site;
pub mod csp_reports;
pub mod database;
pub mod failure;
pub mod forms;
pub mod headers;
pub mod health;
pub mod logging;
pub mod metrics;
pub mod overload;
pub mod pages;
pub mod router;
pub mod serve;
pub mod settings;
pub mod state;

pub use router::router;
pub use settings::Settings;
pub use state::AppState;
