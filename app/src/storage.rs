//! The database, and what of it is kept in memory.

use std::{ops::Deref, sync::Arc};

use session::{Cache, Database, SessionVersion};

use crate::{auth::store::UserCache, document::Document, visitor::Visitor};

// <shop>
use crate::catalog::store::ProductCache;
// </shop>

/// All that tells one kept page from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageKey {
    /// The path, with its query.
    pub address: String,
    /// Who is visiting.
    pub visitor: Visitor,
    /// What the session holds.
    pub session: SessionVersion,
}

/// Pages that were made lately, whole, and that may be [kept](crate::ui::KeptPage). Who changes what several visitors see changes any of
/// them.
pub type PageCache = Cache<PageKey, Arc<Document>>;

/// The database, and what was read lately of what rarely changes. Who changes such a thing says so to its cache.
#[derive(Clone, Debug)]
pub struct Storage {
    db: Database,
    /// Pages, by all that they were made from.
    pub pages: PageCache,
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
            pages: Cache::new(cached_bytes, |key, page| key.address.len() + page.size()),
            users: Cache::new(cached_bytes, |_, _| size_of::<crate::auth::store::KnownUser>() + 200),
            // <shop>
            products: Cache::new(cached_bytes, crate::catalog::store::weight),
            // </shop>
        }
    }

    // <shop>
    /// Says that products are about to change, and with them the pages that show some. Drop what is returned when they have.
    #[must_use = "dropped at once it keeps nobody from the old products"]
    pub fn change_products(&self) -> impl Send + use<> {
        (self.products.change_all(), self.pages.change_all())
    }
    // </shop>
}

impl Deref for Storage {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.db
    }
}
