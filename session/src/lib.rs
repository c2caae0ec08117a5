//! Typed sessions for axum, on tower-sessions and SQLite.
//!
//! A type that implements [`SessionValue`] says under which key it is kept; a [`Session`] reads and updates it.
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

mod error;
mod keys;
mod layer;
mod session;
mod value;

pub use error::SessionError;
pub use keys::{KeyError, SigningKeys};
pub use layer::{SessionConfig, SessionLayer};
pub use session::Session;
pub use value::SessionValue;

/// The database engine, named in this one place: the SQL is written in the subset that PostgreSQL takes too.
pub type Db = sqlx::Sqlite;

/// A pool of connections to [`Db`].
pub type Pool = sqlx::Pool<Db>;
