//! The audit log: what happened to accounts (ASVS 16.3.1), as events of the target `audit`. Users and sessions stand there by
//! hashes, and nothing that was typed does.

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
        }
    }
}

/// Notes what a caller did, to the account of `user` where there is one.
pub async fn record(event: Event, caller: &Caller, user: Option<&UserId>) {
    // The session cannot be read when the store is down, which is logged elsewhere.
    let session = caller.session.log_name().await.ok().flatten();
    tracing::info!(
        target: "audit",
        event = event.name(),
        user = user.map(hashed),
        session,
        address = caller.address.map(tracing::field::display),
    );
}

/// Notes what an operator did by command.
pub fn record_command(event: Event, user: Option<&UserId>) {
    tracing::info!(target: "audit", event = event.name(), user = user.map(hashed), by = "operator");
}

/// The first digits of the SHA-256 hash: enough to follow one user through the log.
fn hashed(user: &UserId) -> String {
    let hash = format!("{:x}", Sha256::digest(&user.0));
    hash.get(..12).unwrap_or_default().to_owned()
}
