//! The headers that a session adds to its response.

use std::sync::atomic::Ordering;

use axum::http::{
    HeaderMap, HeaderValue,
    header::{CACHE_CONTROL, SET_COOKIE, VARY},
};

use super::{CookieChange, Phase, Shared};
use crate::{SessionEvent, cookie, id::SessionId};

impl Shared {
    /// Adds the cookie and caching headers, also to failed responses, because written values stay written.
    pub(crate) async fn close(&self, headers: &mut HeaderMap) {
        let mut state = self.lock().await;
        self.response_started.store(true, Ordering::SeqCst);
        // If the caller was cancelled during its commit, the new id must still reach the cookie.
        if let Some(mut pending) = state.pending.take()
            && (&mut pending.committed).await.is_ok()
        {
            self.apply_pending(&mut state, pending);
        }
        if let (Phase::NotLoaded(..), CookieChange::Set(_) | CookieChange::Resend(_)) =
            (&state.phase, state.cookie)
            && let Err(error) = self.load(&mut state).await
        {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "could not send the cookie of a session"
            );
        }
        let config = self.sessions.config();
        let cookie = match (&state.phase, state.cookie) {
            (_, CookieChange::Remove) => cookie::remove(config),
            (Phase::Live(id, row), CookieChange::Set(reason) | CookieChange::Resend(reason)) => {
                let max_age = row.cookie_max_age(self.sessions.now());
                let sent = matches!(state.cookie, CookieChange::Set(_)) || self.exists(*id).await;
                let cookie = sent.then(|| cookie::set(config, *id, max_age)).flatten();
                if cookie.is_some() {
                    self.emit(row, SessionEvent::CookieSent(reason));
                }
                cookie
            }
            (Phase::Live(_, row), CookieChange::Keep) => {
                self.emit(row, SessionEvent::CookieKept);
                None
            }
            _ => None,
        };
        if state.accessed || cookie.is_some() {
            headers.append(VARY, HeaderValue::from_static("cookie"));
            headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        }
        if let Some(cookie) = cookie {
            // Overrides the handler's value: a shared cache must not store the cookie.
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            headers.append(SET_COOKIE, cookie);
        }
    }

    /// Returns `false` if the database fails.
    async fn exists(&self, id: SessionId) -> bool {
        matches!(self.sessions.store().find_uncached(&id.hash(), self.sessions.now()).await, Ok(Some(_)))
    }
}
