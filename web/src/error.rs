//! The one error that crosses the wire.
//!
//! - A field is wrong: return [`Invalid`] from the rule, and name the field where the form is read, with [`ForField`].
//! - A rule of a feature refuses: declare a [`Refusal`] in the feature and return it.
//! - Everything else is a variant of [`AppError`].
//!
//! Errors of the session and the database are logged once, where they become an `AppError`; their text stays on the server.

use std::borrow::Cow;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use server_fn::{
    Bytes, Decodes,
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};

/// Why a server function refused or failed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum AppError {
    #[error("{message}")]
    Invalid {
        field: Cow<'static, str>,
        message: Cow<'static, str>,
        /// Whether it conflicts with something that exists (409), else the value itself is wrong (422).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        conflict: bool,
    },
    #[error("Your session has ended. Nothing was changed. Please try again.")]
    SessionEnded,
    #[error("Please sign in first.")]
    SignInFirst,
    #[error("Please confirm your password first.")]
    ConfirmFirst,
    #[error("Too many attempts. Please try again in {}.", duration(*seconds))]
    TooManyTries { seconds: u32 },
    #[error("There are too many new visitors from your network. Please try again in {}.", duration(*seconds))]
    TooManySessions { seconds: u32 },
    #[error(
        "This request came from another website, so nothing was changed. Please open the page here and try again."
    )]
    CrossSite,
    #[error("Your session is full, so nothing was changed. Please remove something and try again.")]
    SessionFull,
    #[error("We could not find that. It may have been removed.")]
    NotFound,
    /// The request cannot be read, for example because a field occurs twice.
    #[error("We could not read the request. Please try again.")]
    Malformed,
    #[error("That is too long. Please shorten it.")]
    TooLarge,
    #[error("The request took too long to arrive. Please check your connection and try again.")]
    TooSlow,
    #[error("This method is not allowed here.")]
    WrongMethod,
    #[error("We're busy right now. Please try again in a moment.")]
    Busy,
    #[error("We can't reach our database right now. Please try again in a moment.")]
    Unavailable,
    #[error("Something went wrong on our side. Please try again.")]
    Internal,
    /// The browser could not reach the server. Created in the browser only.
    #[error("We could not reach the server. Please check your connection and try again.")]
    Offline,
    #[serde(untagged)]
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Why a rule of a feature refuses. Declared in the feature, as a constant.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The code for scripts, such as `cart_empty`.
    #[serde(rename = "error")]
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    status: u16,
    /// Whether the form shows the message, rather than the top of the page.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    in_form: bool,
}

impl Refusal {
    /// Shown at the top of the page.
    pub const fn new(status: u16, code: &'static str, message: &'static str) -> Self {
        Self { code: Cow::Borrowed(code), message: Cow::Borrowed(message), status, in_form: false }
    }

    /// Shown in the form that was refused.
    pub const fn in_form(status: u16, code: &'static str, message: &'static str) -> Self {
        Self { code: Cow::Borrowed(code), message: Cow::Borrowed(message), status, in_form: true }
    }
}

/// An entered value is wrong. The sentence is for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub Cow<'static, str>);

impl Invalid {
    pub const MISSING: Self = Self::new("Please fill in this field.");
    pub const NOT_ONE_LINE: Self = Self::new("Please use a single line.");
    pub const NOT_A_NUMBER: Self = Self::new("Please enter a whole number.");
    pub const NOT_AN_OPTION: Self = Self::new("Please choose one of the options.");

    pub const fn new(message: &'static str) -> Self {
        Self(Cow::Borrowed(message))
    }

    pub fn too_long(max: u32) -> Self {
        Self(format!("Please use at most {max} characters.").into())
    }

    pub fn too_short(min: u32) -> Self {
        Self(format!("Please use at least {min} characters.").into())
    }

    pub fn out_of_range(min: u32, max: u32) -> Self {
        Self(format!("Please enter a number from {min} to {max}.").into())
    }

    /// The error of the form field with this name.
    pub fn for_field(self, field: &'static str) -> AppError {
        AppError::Invalid { field: field.into(), message: self.0, conflict: false }
    }
}

/// Adds the field to the error of a value.
pub trait ForField<T> {
    fn for_field(self, field: &'static str) -> Result<T, AppError>;
}

impl<T> ForField<T> for Result<T, Invalid> {
    fn for_field(self, field: &'static str) -> Result<T, AppError> {
        self.map_err(|invalid| invalid.for_field(field))
    }
}

/// A duration for users: seconds, or minutes from 60 seconds on.
fn duration(seconds: u32) -> String {
    let (count, unit) =
        if seconds < 60 { (seconds.max(1), "second") } else { (seconds.div_ceil(60), "minute") };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

impl AppError {
    /// A field conflicts with something that exists.
    pub const fn conflict(field: &'static str, message: &'static str) -> Self {
        Self::Invalid { field: Cow::Borrowed(field), message: Cow::Borrowed(message), conflict: true }
    }

    /// Whether this is the given refusal.
    pub fn is(&self, refusal: &Refusal) -> bool {
        matches!(self, Self::Refused(refused) if refused.code == refusal.code)
    }

    pub fn status(&self) -> StatusCode {
        match self {
            Self::Invalid { conflict: true, .. } => StatusCode::CONFLICT,
            Self::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::SessionEnded | Self::SignInFirst => StatusCode::UNAUTHORIZED,
            Self::ConfirmFirst | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::TooManyTries { .. } | Self::TooManySessions { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLarge | Self::SessionFull => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Busy | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal | Self::Offline => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Refused(Refusal { status, .. }) => {
                StatusCode::from_u16(*status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
            }
        }
    }

    /// The seconds after which to try again, where waiting helps (RFC 9110, 10.2.3).
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::TooManyTries { seconds } | Self::TooManySessions { seconds } => Some(*seconds),
            Self::Busy => Some(1),
            // A lock or a full disk may last, and retries add to the load.
            Self::Unavailable => Some(5),
            _ => None,
        }
    }

    /// The heading of a page that shows the error in place of its content.
    pub fn title(&self) -> &'static str {
        match self {
            Self::NotFound => "Not found",
            Self::CrossSite => "Request from another website",
            Self::SignInFirst | Self::ConfirmFirst => "Please sign in",
            Self::SessionEnded => "Your session has ended",
            Self::TooManyTries { .. } | Self::TooManySessions { .. } => "Please wait a moment",
            Self::Busy => "We're busy right now",
            Self::Unavailable => "We'll be back in a moment",
            Self::Offline => "You seem to be offline",
            error if error.status().is_client_error() => "This request was refused",
            _ => "Something went wrong",
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_temporary(&self) -> bool {
        self.retry_after().is_some() || matches!(self, Self::Internal | Self::Offline | Self::TooSlow)
    }

    /// Whether the refused form shows the error. Others are shown at the top of the page, which may not have that form any more.
    pub fn is_shown_in_form(&self) -> bool {
        matches!(
            self,
            Self::Invalid { .. } | Self::TooManyTries { .. } | Self::Refused(Refusal { in_form: true, .. })
        )
    }

    /// The message, if the error is about this field.
    pub fn field_message(&self, name: &str) -> Option<&str> {
        match self {
            Self::Invalid { field, message, .. } if field == name => Some(message),
            _ => None,
        }
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    /// Reads an error in the browser. Any other text, such as a proxy's error page, becomes [`AppError::Internal`].
    fn de(data: Bytes) -> Self {
        JsonEncoding::decode(data).unwrap_or(Self::Internal)
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn json(error: &AppError) -> String {
        let json = String::from_utf8(error.ser().to_vec()).unwrap();
        assert_eq!(AppError::de(error.ser()), *error, "{json}");
        json
    }

    /// Security: 16.5.1
    #[test]
    fn errors_survive_the_wire() {
        assert_eq!(json(&AppError::Busy), r#"{"error":"busy"}"#);
        assert_eq!(json(&AppError::TooManyTries { seconds: 3 }), r#"{"error":"too_many_tries","seconds":3}"#);
        assert_eq!(
            json(&Invalid::too_short(8).for_field("new")),
            r#"{"error":"invalid","field":"new","message":"Please use at least 8 characters."}"#
        );
        let taken = AppError::conflict("email", "Taken.");
        assert_eq!(json(&taken), r#"{"error":"invalid","field":"email","message":"Taken.","conflict":true}"#);
        assert_eq!(taken.status(), StatusCode::CONFLICT);
        let refusal = Refusal::new(409, "too_late", "This was changed.");
        let error = AppError::from(refusal.clone());
        assert_eq!(json(&error), r#"{"error":"too_late","message":"This was changed.","status":409}"#);
        assert!(error.is(&refusal) && !AppError::Busy.is(&refusal));
        assert!(!error.is_shown_in_form());
        assert!(AppError::from(Refusal::in_form(409, "cart_changed", "")).is_shown_in_form());
    }

    #[test]
    fn a_wait_is_shown_in_seconds_or_minutes() {
        for (seconds, words) in [(0, "1 second."), (18, "18 seconds."), (60, "1 minute."), (61, "2 minutes.")]
        {
            let text = AppError::TooManyTries { seconds }.to_string();
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn an_unreadable_error_becomes_an_internal_error() {
        assert_eq!(AppError::de("<html>502".into()), AppError::Internal);
    }
}
