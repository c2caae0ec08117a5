//! The audit log: what happened to accounts (ASVS 16.3.1), and which access was refused (ASVS 16.3.2, 16.3.3), as events of the
//! target `audit`. Users and sessions are logged as hashes. Nothing that was typed is logged.

use std::net::IpAddr;

use http::{Uri, request::Parts};
use leptos::prelude::with_context;
use sha2::{Digest, Sha256};

use super::UserId;
use crate::context::Caller;

/// What happened.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Event {
    Registered,
    SignedIn,
    SignInFailed,
    SignedOut,
    TooManyTries,
    Confirmed,
    ConfirmationFailed,
    Revoked,
    PasswordChanged,
    NameChanged,
    AccountRemoved,
    SignInRequired,
    SessionEnded,
    ConfirmationRequired,
    FormOfAnotherUser,
    AccessRefused,
    CrossSiteRefused,
    TooManySessions,
}

impl Event {
    fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::SignedIn => "signed_in",
            Self::SignInFailed => "sign_in_failed",
            Self::SignedOut => "signed_out",
            Self::TooManyTries => "too_many_tries",
            Self::Confirmed => "confirmed",
            Self::ConfirmationFailed => "confirmation_failed",
            Self::Revoked => "revoked",
            Self::PasswordChanged => "password_changed",
            Self::NameChanged => "name_changed",
            Self::AccountRemoved => "account_removed",
            Self::SignInRequired => "sign_in_required",
            Self::SessionEnded => "session_ended",
            Self::ConfirmationRequired => "confirmation_required",
            Self::FormOfAnotherUser => "form_of_another_user",
            Self::AccessRefused => "access_refused",
            Self::CrossSiteRefused => "cross_site_refused",
            Self::TooManySessions => "too_many_sessions",
        }
    }
}

/// Logs what a caller did or was refused, concerning the account of `user` where there is one.
pub async fn record(event: Event, caller: &Caller, user: Option<&UserId>) {
    let path = with_context(|parts: &Parts| parts.uri.path().to_owned());
    // The session cannot be read when the store is down, which is logged elsewhere.
    let session = caller.session.log_name().await.ok().flatten();
    emit(event, user, session, caller.address, path.as_deref());
}

/// As [`record`], of a session that has ended by now. `session` is the [`log_name`](session::Session::log_name) that it had.
pub fn record_ended(event: Event, caller: &Caller, user: &UserId, session: Option<String>) {
    let path = with_context(|parts: &Parts| parts.uri.path().to_owned());
    emit(event, Some(user), session, caller.address, path.as_deref());
}

/// Logs the refusal of a request outside of server functions. `session` is its session's
/// [`log_name`](session::Session::log_name), where it has one.
pub fn record_request(event: Event, uri: &Uri, address: Option<IpAddr>, session: Option<String>) {
    emit(event, None, session, address, Some(uri.path()));
}

/// The path has no query, in which there may be something that was typed.
fn emit(
    event: Event,
    user: Option<&UserId>,
    session: Option<String>,
    address: Option<IpAddr>,
    path: Option<&str>,
) {
    tracing::info!(
        target: "audit",
        event = event.name(),
        user = user.map(hashed),
        session,
        address = address.map(tracing::field::display),
        path,
    );
}

/// Logs what an operator did by command.
pub fn record_command(event: Event, user: Option<&UserId>) {
    tracing::info!(target: "audit", event = event.name(), user = user.map(hashed), by = "operator");
}

/// The first digits of the SHA-256 hash: enough to follow one user through the log.
fn hashed(user: &UserId) -> String {
    let hash = format!("{:x}", Sha256::digest(&user.0));
    hash.get(..12).unwrap_or_default().to_owned()
}
