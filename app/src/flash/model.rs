//! Messages, and the form that was refused.

use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// What a visitor is told after a form has done its work.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    #[error("Added to your cart.")]
    AddedToCart,
    #[error("Your cart is up to date.")]
    CartChanged,
    #[error("Removed from your cart.")]
    RemovedFromCart,
    #[error("Your cart is empty now.")]
    CartCleared,
    #[error("The counter starts again.")]
    VisitsReset,
    #[error("You are signed in. Welcome!")]
    SignedIn,
    #[error("You are signed out. See you soon!")]
    SignedOut,
}

/// A plain form that was refused: enough to show it again as it was, with the reason beside the field.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The path of the form's server function.
    pub form: String,
    /// Why it was refused.
    pub error: AppError,
    /// What was typed, by field; only the fields that [`FORMS`](crate::forms::FORMS) lets through.
    pub typed: Vec<(String, String)>,
}

impl Failure {
    /// What was typed into a field.
    #[must_use]
    pub fn typed(&self, field: &str) -> Option<&str> {
        self.typed.iter().find(|(name, _)| name == field).map(|(_, value)| value.as_str())
    }
}

/// What waits in the session for the next page.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Flash {
    /// A form has done its work.
    pub message: Option<Message>,
    /// A form was refused.
    pub failure: Option<Failure>,
}

impl Flash {
    /// What is told at the head of the page.
    #[must_use]
    pub fn notice(&self) -> Option<String> {
        let refused =
            self.failure.as_ref().map(|failure| &failure.error).filter(|error| !error.belongs_to_form());
        self.message.map(|message| message.to_string()).or_else(|| refused.map(AppError::to_string))
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
