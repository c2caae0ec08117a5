//! The database, and what of it is kept in memory.

use std::ops::Deref;

use session::{Cache, Database};

use crate::auth::store::UserCache;

// <shop>
use crate::catalog::store::ProductCache;
// </shop>

/// The database, and what was read lately of what rarely changes. Who changes such a thing says so to its cache.
#[derive(Clone, Debug)]
pub struct Storage {
    db: Database,
    /// Users, by their ids.
    pub users: UserCache,
    // <shop>
    /// Products, by what was asked for.
    pub products: ProductCache,
    // </shop>
}

impl Storage {
    /// Keeps so many bytes of each kind in memory; with 0 nothing is kept.
    #[must_use]
    pub fn new(db: impl Into<Database>, cached_bytes: u64) -> Self {
        Self {
            db: db.into(),
            users: Cache::new(cached_bytes, |_| size_of::<crate::auth::store::KnownUser>() + 200),
            // <shop>
            products: Cache::new(cached_bytes, crate::catalog::store::weight),
            // </shop>
        }
    }
}

impl Deref for Storage {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.db
    }
}
