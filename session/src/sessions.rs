//! The sessions of an app: configuration, store, and a lock for the writers of each session.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

use crate::{Database, SessionConfig, SessionError, id::IdHash, migrate::migrate, store::Store};

/// Sessions whose ids hash to the same stripe share a lock.
const LOCK_STRIPES: usize = 256;

/// The sessions of an app. Cheap to clone.
///
/// Methods that return [`SessionError`] fail with [`SessionError::Store`] when the database fails.
#[derive(Clone, Debug)]
pub struct Sessions {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: SessionConfig,
    store: Store,
    locks: Vec<Mutex<()>>,
}

impl Sessions {
    /// Creates or migrates the tables.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use session::{Pool, Session, SessionConfig, Sessions, SigningKeys};
    ///
    /// # async fn page(_: Session) {}
    /// async fn app(pool: Pool, keys: SigningKeys) -> Result<Router, session::SessionError> {
    ///     let sessions = Sessions::new(pool, SessionConfig::new(keys)).await?;
    ///     Ok(Router::new().route("/", get(page)).layer(sessions.layer()))
    /// }
    /// ```
    pub async fn new(db: impl Into<Database>, config: SessionConfig) -> Result<Self, SessionError> {
        let db = db.into();
        migrate(&db).await?;
        let store = Store::new(db, config.cached_bytes);
        let locks = (0..LOCK_STRIPES).map(|_| Mutex::new(())).collect();
        Ok(Self { inner: Arc::new(Inner { config, store, locks }) })
    }

    /// Returns the database that stores the sessions.
    #[must_use]
    pub fn database(&self) -> &Database {
        self.inner.store.database()
    }

    pub(crate) fn config(&self) -> &SessionConfig {
        &self.inner.config
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn now(&self) -> i64 {
        self.inner.config.clock.now()
    }

    /// Locks this session for writing. The flag says whether another writer held the lock before.
    pub(crate) async fn lock(&self, id: &IdHash) -> (MutexGuard<'_, ()>, bool) {
        let lock = &self.inner.locks[id.stripe(LOCK_STRIPES)];
        match lock.try_lock() {
            Ok(guard) => (guard, false),
            Err(_) => (lock.lock().await, true),
        }
    }
}
