//! What a feature does on the server: hooks that are called at start, for each snapshot of a visitor, and when sessions end.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use leptos::prelude::provide_context;
use session::{Connection, Database, OwnedSession, Session, SessionConfig, Transaction};

use crate::{error::AppError, snapshot::Visitor};

/// The future of a hook.
pub type HookFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The hooks of a feature.
pub type ServerHooks = &'static dyn ServerFeature;

/// The hooks of a feature that has none.
pub const NO_SERVER: ServerHooks = &NoHooks;

#[derive(Debug)]
struct NoHooks;

impl ServerFeature for NoHooks {}

/// What a feature does on the server. Every hook does nothing unless the feature says otherwise.
pub trait ServerFeature: fmt::Debug + Sync {
    /// Called once, when the server starts.
    fn start(&self, setup: &mut Setup) {
        let _ = setup;
    }

    /// Adds the feature's part to the snapshot of a visitor.
    fn snapshot<'a>(
        &'a self,
        session: &'a Session,
        db: &'a Database,
        visitor: &'a mut Visitor,
    ) -> HookFuture<'a, Result<(), AppError>> {
        let _ = (session, db, visitor);
        Box::pin(async { Ok(()) })
    }

    /// What outlives a session of a signed-in user that is about to end.
    fn saved_state(&self, session: &OwnedSession) -> Option<Box<dyn SavedState>> {
        let _ = session;
        None
    }

    /// Restores what was saved for a user, in the transaction that signs in.
    fn restore<'a>(
        &'a self,
        session: &'a Session,
        transaction: &'a mut Transaction,
        user_id: &'a str,
    ) -> HookFuture<'a, Result<(), AppError>> {
        let _ = (session, transaction, user_id);
        Box::pin(async { Ok(()) })
    }

    /// Further pages for search engines, such as one for each post.
    fn sitemap<'a>(&'a self, db: &'a Database) -> HookFuture<'a, Result<Vec<String>, AppError>> {
        let _ = db;
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// State of a session that its user finds again after the next sign-in, on any device.
pub trait SavedState: Send {
    /// Saves it for the user, in the transaction that ends the session.
    fn save<'a>(
        &'a self,
        db: &'a mut Connection,
        user_id: &'a str,
    ) -> HookFuture<'a, Result<(), sqlx::Error>>;
}

/// The server while it starts.
pub struct Setup {
    /// The configuration of the sessions. A feature may observe them.
    pub sessions: SessionConfig,
    services: Services,
}

impl Setup {
    /// Starts with this configuration of the sessions.
    #[must_use]
    pub fn new(sessions: SessionConfig) -> Self {
        Self { sessions, services: Services::default() }
    }

    /// Makes a value reachable by [`expect_service`](crate::context::expect_service) in every page and server function.
    pub fn provide<T: Clone + Send + Sync + 'static>(&mut self, value: T) {
        self.services.0.push(Arc::new(move || provide_context(value.clone())));
    }

    /// The configuration of the sessions, and all that was provided.
    #[must_use]
    pub fn finish(self) -> (SessionConfig, Services) {
        (self.sessions, self.services)
    }
}

/// What features provide to every page and server function.
#[derive(Clone, Default)]
pub struct Services(Vec<Arc<dyn Fn() + Send + Sync>>);

impl Services {
    /// Provides everything as context.
    pub fn provide(&self) {
        for provide in &self.0 {
            provide();
        }
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Services").field(&self.0.len()).finish()
    }
}
