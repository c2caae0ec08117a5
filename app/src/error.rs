//! The one error that crosses the wire. A closed enum: no text of a database, a library or a visitor ever travels in it.
//!
//! Domains refuse with errors of their own and turn them into this one in their `mod.rs`. A store error is logged once, where
//! it becomes [`AppError::Unavailable`].

use http::StatusCode;
use serde::{Deserialize, Serialize};
use server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};

/// Why a server function refused or failed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum AppError {
    /// A field is wrong.
    #[error("{problem}")]
    Invalid {
        /// Which one.
        field: Field,
        /// What is wrong with it.
        problem: Problem,
    },
    /// E-mail and password do not belong together, or there is no such account: the answer is the same.
    #[error("This e-mail and password do not belong together. Check both and try again.")]
    WrongCredentials,
    /// The visitor's session ended before the request was done. Nothing was changed.
    #[error("Your session has ended. Nothing was changed; please try again.")]
    SessionEnded,
    /// What the request names does not exist.
    #[error("We could not find that. It may have been removed.")]
    NotFound,
    /// The request cannot be read: a broken encoding, or a field that stands there twice.
    #[error("We could not read what was sent. Please try again.")]
    Malformed,
    /// The request's body is larger than the server takes.
    #[error("That is more text than we take. Please shorten it.")]
    TooLarge,
    /// The store does not answer; nothing was changed.
    #[error("We cannot reach our records right now. Nothing was changed; please try again in a moment.")]
    Unavailable,
    /// A fault of ours; nothing was changed.
    #[error("Something went wrong on our side. Nothing was changed; please try again.")]
    Internal,
    /// The browser could not reach the server. Made in the browser only.
    #[error("We could not reach the server. Check your connection and try again.")]
    Offline,
}

/// The fields that forms have.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Email,
    Password,
    Product,
    Quantity,
    Theme,
}

impl Field {
    /// The field's name in a form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Password => "password",
            Self::Product => "product",
            Self::Quantity => "quantity",
            Self::Theme => "theme",
        }
    }
}

/// What can be wrong with a field, in words for the visitor.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// Nothing was entered.
    #[error("Please fill this in.")]
    Missing,
    /// The text is no e-mail address.
    #[error("Please enter an e-mail address, such as ada@example.com.")]
    NotAnEmail,
    /// The text is not a whole number.
    #[error("Please enter a whole number.")]
    NotANumber,
    /// The number is outside the range of one cart line.
    #[error(
        "Please choose a quantity from {} to {}.",
        crate::cart::Quantity::MIN,
        crate::cart::Quantity::MAX
    )]
    QuantityOutOfRange,
    /// Together with what is in the cart already it would be too many.
    #[error("A cart holds at most {} of one product.", crate::cart::Quantity::MAX)]
    TooManyOfOne,
    /// The cart has no room for another product.
    #[error("A cart holds at most {} different products.", crate::cart::Cart::MAX_LINES)]
    TooManyLines,
    /// There is no such choice.
    #[error("Please choose one of the options.")]
    NotAChoice,
}

impl AppError {
    /// A field that is wrong.
    #[must_use]
    pub fn invalid(field: Field, problem: Problem) -> Self {
        Self::Invalid { field, problem }
    }

    /// The HTTP status that tells a script the same.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::WrongCredentials | Self::SessionEnded => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal | Self::Offline => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What is wrong with `field`, if that is what this error is about.
    #[must_use]
    pub fn about(&self, field: Field) -> Option<Problem> {
        match self {
            Self::Invalid { field: wrong, problem } if *wrong == field => Some(*problem),
            _ => None,
        }
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Deserialization(_) => Self::Malformed,
            ServerFnErrorErr::Request(_) => Self::Offline,
            _ => Self::Internal,
        }
    }
}

#[cfg(feature = "ssr")]
impl From<session::SessionError> for AppError {
    fn from(error: session::SessionError) -> Self {
        if matches!(error, session::SessionError::Ended) {
            return Self::SessionEnded;
        }
        tracing::error!(error = &error as &dyn std::error::Error, "the session failed");
        match error {
            session::SessionError::Store(_) => Self::Unavailable,
            _ => Self::Internal,
        }
    }
}

#[cfg(feature = "ssr")]
impl From<sqlx::Error> for AppError {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the database failed");
        Self::Unavailable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_the_same_on_both_sides_of_the_wire() {
        let error = AppError::invalid(Field::Quantity, Problem::NotANumber);
        let json = String::from_utf8(error.ser().to_vec()).unwrap();
        assert_eq!(json, r#"{"error":"invalid","field":"quantity","problem":"not_a_number"}"#);
        assert_eq!(AppError::de(error.ser()), error);
    }

    #[test]
    fn an_unreadable_error_becomes_a_plain_one() {
        assert_eq!(AppError::de("<script>".as_bytes().to_vec().into()), AppError::Malformed);
    }
}
