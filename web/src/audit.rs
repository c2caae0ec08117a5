//! The audit log: log events with the target `audit` about accounts (ASVS 16.3.1) and refused access (ASVS 16.3.2, 16.3.3). Users and
//! sessions are logged as hashes. Nothing that a user has typed is logged.

use std::net::IpAddr;

use http::{Uri, request::Parts};
use leptos::prelude::with_context;
use sha2::{Digest, Sha256};

use crate::context::RequestContext;

pub const SIGN_IN_REQUIRED: &str = "sign_in_required";
pub const SESSION_ENDED: &str = "session_ended";
pub const CROSS_SITE_REFUSED: &str = "cross_site_refused";
pub const TOO_MANY_SESSIONS: &str = "too_many_sessions";

/// Logs an event of a server function, about the account of `user_id`.
pub async fn record(event: impl Into<&'static str>, request: &RequestContext, user_id: Option<&str>) {
    // The session cannot be read while the database is down, which is logged elsewhere.
    let session = request.session.log_name().await.ok().flatten();
    record_ended(event, request, user_id, session);
}

/// As [`record`], for a session that has ended. `session` is the [`log_name`](session::Session::log_name) that it had.
pub fn record_ended(
    event: impl Into<&'static str>,
    request: &RequestContext,
    user_id: Option<&str>,
    session: Option<String>,
) {
    let path = with_context(|parts: &Parts| parts.uri.path().to_owned());
    emit(event.into(), user_id, session, request.address, path.as_deref());
}

/// Logs that a request was refused before a server function was called.
pub fn record_request(event: &str, uri: &Uri, address: Option<IpAddr>, session: Option<String>) {
    emit(event, None, session, address, Some(uri.path()));
}

/// `path` is without the query, which may contain text of a user.
fn emit(
    event: &str,
    user_id: Option<&str>,
    session: Option<String>,
    address: Option<IpAddr>,
    path: Option<&str>,
) {
    tracing::info!(
        target: "audit",
        event,
        user = user_id.map(hash),
        session,
        address = address.map(tracing::field::display),
        path,
    );
}

/// Logs an event of an operator's command.
pub fn record_command(event: impl Into<&'static str>, user_id: Option<&str>) {
    tracing::info!(target: "audit", event = event.into(), user = user_id.map(hash), by = "operator");
}

/// The first 12 digits of the SHA-256 hash: enough to follow a user through the log.
fn hash(user_id: &str) -> String {
    format!("{:x}", Sha256::digest(user_id)).chars().take(12).collect()
}
