//! The server: settings, database, and the router that tests drive as it is.

pub mod assets;
pub mod commands;
pub mod database;
pub mod forms;
pub mod health;
pub mod pages;
pub mod router;
pub mod settings;
pub mod state;

pub use router::router;
pub use settings::Settings;
pub use state::AppState;
