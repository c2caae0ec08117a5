//! The layer that gives each request its [`Session`] and adds the cookie to the response.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use axum::http::{Request, Response};
use tower::{Layer, Service};

use crate::{Session, Sessions};

/// Lets the handlers of the wrapped routes extract a [`Session`]. Created by [`Sessions::layer`].
///
/// Put a layer that catches panics inside this one, so that the response to a panic carries the cookie.
#[derive(Clone, Debug)]
pub struct SessionLayer {
    sessions: Sessions,
}

impl Sessions {
    /// The layer that gives each request its [`Session`].
    #[must_use]
    pub fn layer(&self) -> SessionLayer {
        SessionLayer { sessions: self.clone() }
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService { inner, sessions: self.sessions.clone() }
    }
}

/// The service of a [`SessionLayer`].
#[derive(Clone, Debug)]
pub struct SessionService<S> {
    inner: S,
    sessions: Sessions,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for SessionService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    ReqBody: Send + 'static,
    ResBody: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let session: Session = self.sessions.open(request.headers());
        request.extensions_mut().insert(session.clone());
        // Only the service that `poll_ready` was called on is ready; a clone may not be.
        let clone = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            let mut response = ready.call(request).await?;
            session.shared.close(response.headers_mut()).await;
            Ok(response)
        })
    }
}
