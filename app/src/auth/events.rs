//! The events of accounts in the [audit log](web::audit).

/// What happened. Its name in the log is in snake case.
#[derive(Clone, Copy, Debug, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Event {
    Registered,
    SignedIn,
    SignInFailed,
    SignedOut,
    TooManyTries,
    Confirmed,
    ConfirmationFailed,
    ConfirmationRequired,
    Revoked,
    PasswordChanged,
    NameChanged,
    AccountRemoved,
    FormOfAnotherUser,
    AccessRefused,
}
