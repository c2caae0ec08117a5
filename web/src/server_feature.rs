//! The hooks of a feature on the server. They are called at start, for each snapshot of a visitor, and when sessions end.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use leptos::prelude::provide_context;
use session::{Connection, Database, OwnedSession, Session, SessionConfig, Transaction};

use crate::{error::AppError, snapshot::Visitor};

pub type HookFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

pub type ServerHooks = &'static dyn ServerFeature;

pub const NO_SERVER: ServerHooks = &NoHooks;

#[derive(Debug)]
struct NoHooks;

impl ServerFeature for NoHooks {}

/// The hooks of a feature. By default they do nothing.
pub trait ServerFeature: fmt::Debug + Sync {
    fn start(&self, _setup: &mut Setup) {}

    /// Adds the feature's part to the snapshot of a visitor.
    fn snapshot<'a>(
        &'a self,
        _session: &'a Session,
        _db: &'a Database,
        _visitor: &'a mut Visitor,
    ) -> HookFuture<'a, Result<(), AppError>> {
        Box::pin(async { Ok(()) })
    }

    /// Returns the state to save when the session of a signed-in user ends.
    fn saved_state(&self, _session: &OwnedSession) -> Option<Box<dyn SavedState>> {
        None
    }

    /// Restores the saved state of a user, in the transaction that signs in.
    fn restore<'a>(
        &'a self,
        _session: &'a Session,
        _transaction: &'a mut Transaction,
        _user_id: &'a str,
    ) -> HookFuture<'a, Result<(), AppError>> {
        Box::pin(async { Ok(()) })
    }

    /// Further pages for search engines, such as one for each post.
    fn sitemap<'a>(&'a self, _db: &'a Database) -> HookFuture<'a, Result<Vec<String>, AppError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// State of a session that is restored at the user's next sign-in, on any device.
pub trait SavedState: Send {
    /// Saves the state, in the transaction that ends the session.
    fn save<'a>(
        &'a self,
        db: &'a mut Connection,
        user_id: &'a str,
    ) -> HookFuture<'a, Result<(), sqlx::Error>>;
}

/// The configuration that features may change while the server starts.
pub struct Setup {
    pub sessions: SessionConfig,
    services: Services,
}

impl Setup {
    pub fn new(sessions: SessionConfig) -> Self {
        Self { sessions, services: Services::default() }
    }

    /// Provides a value to [`expect_service`](crate::context::expect_service) in every page and server function.
    pub fn provide<T: Clone + Send + Sync + 'static>(&mut self, value: T) {
        self.services.0.push(Arc::new(move || provide_context(value.clone())));
    }

    pub fn finish(self) -> (SessionConfig, Services) {
        (self.sessions, self.services)
    }
}

/// The values that features provide to every page and server function.
#[derive(Clone, Default)]
pub struct Services(Vec<Arc<dyn Fn() + Send + Sync>>);

impl Services {
    pub fn provide(&self) {
        self.0.iter().for_each(|provide| provide());
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Services")
    }
}
