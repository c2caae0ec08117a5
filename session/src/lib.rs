//! Typed sessions for axum, stored in SQLite.
//!
//! A type names its key by implementing [`SessionValue`]; handlers read and update it through [`Session`].
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use session::{Session, SessionError, SessionValue};
//!
//! #[derive(Default, Deserialize, Serialize)]
//! struct Visits(u64);
//!
//! impl SessionValue for Visits {
//!     const KEY: &'static str = "visits";
//! }
//!
//! async fn count(session: Session) -> Result<String, SessionError> {
//!     let visits = session
//!         .update(|visits: &mut Visits| {
//!             visits.0 += 1;
//!             visits.0
//!         })
//!         .await?;
//!     Ok(format!("visit number {visits}"))
//! }
//! ```

#![warn(missing_docs)]

mod cache;
mod clock;
mod config;
mod cookie;
mod database;
mod derived;
mod error;
mod events;
mod id;
mod info;
mod inspection;
mod keys;
mod layer;
mod lifecycle;
mod measures;
mod migrate;
mod owned;
mod read_cache;
mod row;
mod session;
mod sessions;
mod state;
mod store;
mod sweep;
mod value;
mod writer;

pub use clock::Clock;
pub use config::SessionConfig;
pub use database::{Database, Transaction};
pub use derived::DerivedKeys;
pub use error::SessionError;
pub use events::{CookieReason, Observer, SessionEvent};
pub use info::{Lifetime, OwnedSession};
pub use inspection::{InspectedCookie, InspectedValue, Inspection};
pub use keys::{KeyError, SigningKeys};
pub use layer::{SessionLayer, SessionService};
pub use measures::MEASURES;
pub use session::Session;
pub use sessions::Sessions;
pub use sweep::Sweeper;
pub use value::SessionValue;

/// The database engine. All SQL is written in a subset that PostgreSQL accepts, too.
pub type Db = sqlx::Sqlite;

/// A pool of connections to [`Db`].
pub type Pool = sqlx::Pool<Db>;

/// One connection to [`Db`].
pub type Connection = <Db as sqlx::Database>::Connection;
