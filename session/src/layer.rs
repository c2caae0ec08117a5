//! The layer that gives each request its [`Session`] and each response what the visitor has to know.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use axum::http::{Request, Response};
use tower::{Layer, Service};

use crate::{Session, Sessions};

/// Wraps routes so that their handlers can extract a [`Session`]. Made by [`Sessions::layer`].
///
/// Put a layer that catches panics inside of this one: what a handler had written before stays written, and the visitor needs
/// the cookie for it.
#[derive(Clone, Debug)]
pub struct SessionLayer {
    sessions: Sessions,
}

impl SessionLayer {
    pub(crate) fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService { inner, sessions: self.sessions.clone() }
    }
}

/// A service inside a [`SessionLayer`].
#[derive(Clone, Debug)]
pub struct SessionService<S> {
    inner: S,
    sessions: Sessions,
}

impl<S, Body, Answer> Service<Request<Body>> for SessionService<S>
where
    S: Service<Request<Body>, Response = Response<Answer>> + Clone + Send + 'static,
    S::Future: Send,
    Body: Send + 'static,
    Answer: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let session: Session = self.sessions.open(request.headers());
        request.extensions_mut().insert(session.clone());
        // The clone may not be ready; the one that is was polled above.
        let clone = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            let mut response = ready.call(request).await?;
            session.shared.close(response.headers_mut()).await;
            Ok(response)
        })
    }
}
