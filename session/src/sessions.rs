//! All sessions of an app: the settings, the store, and the turns that writers of one session take.

use std::{sync::Arc, time::Duration};

use axum::http::HeaderMap;
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    Database, Session, SessionConfig, SessionError, SessionLayer, Sweeper, id::IdHash, migrate::migrate,
    store::Store,
};

/// Writers of one session take turns; sessions that share a place, one in 256, wait for each other a moment for nothing.
const TURNS: usize = 256;

/// The sessions of an app. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sessions {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: SessionConfig,
    store: Store,
    turns: Vec<Mutex<()>>,
}

impl Sessions {
    /// Makes the tables where they are missing.
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
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when they cannot be made.
    pub async fn new(db: impl Into<Database>, config: SessionConfig) -> Result<Self, SessionError> {
        let db = db.into();
        migrate(&db).await?;
        let store = Store::new(db, config.cached_bytes);
        let turns = (0..TURNS).map(|_| Mutex::new(())).collect();
        Ok(Self { inner: Arc::new(Inner { config, store, turns }) })
    }

    /// The layer that gives each request its [`Session`].
    #[must_use]
    pub fn layer(&self) -> SessionLayer {
        SessionLayer::new(self.clone())
    }

    /// The session that a request's headers present, for whoever handles requests without a tower layer. The response needs
    /// [`close`](Self::close).
    ///
    /// ```
    /// # use axum::http::HeaderMap;
    /// # use session::Sessions;
    /// async fn handle(sessions: &Sessions, request: &HeaderMap) -> HeaderMap {
    ///     let session = sessions.open(request);
    ///     // … read and update it …
    ///     let mut response = HeaderMap::new();
    ///     sessions.close(&session, &mut response).await;
    ///     response
    /// }
    /// ```
    #[must_use]
    pub fn open(&self, request: &HeaderMap) -> Session {
        Session::new(self.clone(), request)
    }

    /// Puts what the visitor has to know into the response's headers. Later writes to the session are refused.
    pub async fn close(&self, session: &Session, response: &mut HeaderMap) {
        session.shared.close(response).await;
    }

    /// Deletes what is over, every `interval`, in a task of its own.
    ///
    /// ```
    /// # use session::Sessions;
    /// async fn serve(sessions: Sessions) {
    ///     let sweeper = sessions.sweep_every(std::time::Duration::from_secs(300));
    ///     // … until the server is told to stop …
    ///     sweeper.stop().await;
    /// }
    /// ```
    #[must_use]
    pub fn sweep_every(&self, interval: Duration) -> Sweeper {
        Sweeper::start(self.clone(), interval)
    }

    /// The database that they are in.
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

    /// Waits for the turn to write this session, and tells whether another writer had it before.
    pub(crate) async fn turn(&self, id: &IdHash) -> (MutexGuard<'_, ()>, bool) {
        let turn = &self.inner.turns[id.place(TURNS)];
        match turn.try_lock() {
            Ok(turn) => (turn, false),
            Err(_) => (turn.lock().await, true),
        }
    }
}
