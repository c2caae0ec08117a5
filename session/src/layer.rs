//! The layer that gives each request its [`Session`](crate::Session) and each response the session's cookie.

use axum::{Extension, middleware::AddExtension};
use time::Duration;
use tower::Layer;
use tower_sessions::{Expiry, SessionManagerLayer, cookie::SameSite, service::SignedCookie};
use tower_sessions_sqlx_store::SqliteStore;

use crate::{Pool, SessionError, SigningKeys, session::RememberedFor};

/// How sessions are kept and how their cookie looks.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// The cookie's name; with the `__Host-` prefix it must be [`secure`](Self::secure) too.
    pub cookie_name: &'static str,
    /// Whether the cookie travels over HTTPS only.
    pub secure: bool,
    /// The keys that sign the cookie.
    pub keys: SigningKeys,
    /// A session that is unused for so long is over.
    pub idle: Duration,
    /// The same for a visitor who chose to be remembered.
    pub remembered: Duration,
}

/// Wraps routes so that their handlers can extract a [`Session`](crate::Session).
#[derive(Clone, Debug)]
pub struct SessionLayer {
    inner: SessionManagerLayer<SqliteStore, SignedCookie>,
    remembered: RememberedFor,
}

impl SessionLayer {
    /// Creates the sessions' table where it is missing, and the layer.
    ///
    /// The cookie is `HttpOnly` and `SameSite=Lax`: with `Strict` a link from another site arrives without it, and a page
    /// that writes the session would then replace the visitor's session by a new one.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the table cannot be created.
    pub async fn new(pool: Pool, config: SessionConfig) -> Result<Self, SessionError> {
        let store = SqliteStore::new(pool);
        store.migrate().await?;
        let inner = SessionManagerLayer::new(store)
            .with_name(config.cookie_name)
            .with_secure(config.secure)
            .with_http_only(true)
            .with_same_site(SameSite::Lax)
            .with_expiry(Expiry::OnInactivity(config.idle))
            .with_signed(config.keys.newest());
        Ok(Self {
            inner,
            remembered: RememberedFor(config.remembered),
        })
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service =
        AddExtension<<SessionManagerLayer<SqliteStore, SignedCookie> as Layer<S>>::Service, RememberedFor>;

    fn layer(&self, service: S) -> Self::Service {
        Extension(self.remembered).layer(self.inner.layer(service))
    }
}
