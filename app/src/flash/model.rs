//! Messages, and the form that was refused.

use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// What a visitor is told after a form has done its work.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    // <shop>
    #[error("Added to your cart.")]
    AddedToCart,
    #[error("Your cart is up to date.")]
    CartChanged,
    #[error("Everything is back in your cart.")]
    CartRestored,
    #[error("Your order is placed. Thank you!")]
    OrderPlaced,
    // </shop>
    #[error("The counter starts again.")]
    VisitsReset,
    #[error("The value is kept in your session.")]
    ValueSet,
    #[error("The value is removed.")]
    ValueRemoved,
    #[error("Your session is cleared: nothing of it is left.")]
    SessionCleared,
    #[error("Your session has a new id.")]
    SessionRenewed,
    #[error("How long your session lasts is chosen.")]
    LifetimeChosen,
    #[error("The pineapples are counted.")]
    PineapplesChanged,
    #[error("The cookie is set.")]
    CookieSet,
    #[error("The cookie is deleted.")]
    CookieDeleted,
    #[error(
        "The cookie has another value now, behind the server\u{2019}s back. Look what the server makes of it."
    )]
    CookieTampered,
    #[error("You are signed in. Welcome!")]
    SignedIn,
    #[error("You are signed out. See you soon!")]
    SignedOut,
    #[error("Your session has ended. Sign in again to go on: what you typed is kept.")]
    SessionEnded,
    #[error("Your account is made. Welcome!")]
    Registered,
    #[error("Thank you. For ten minutes you may change what matters most.")]
    Confirmed,
    #[error("Your name is changed.")]
    NameChanged,
    #[error("Your password is changed. Everywhere else you are signed out.")]
    PasswordChanged,
    #[error("That device is signed out.")]
    DeviceRevoked,
    #[error("Everywhere else you are signed out.")]
    OthersRevoked,
    #[error("Your account is removed, with all that belonged to it. Farewell!")]
    AccountDeleted,
}

/// A plain form that was refused: enough to show it again as it was, with the reason beside the field.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
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
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Hash, Serialize)]
pub struct Flash {
    /// A form has done its work.
    pub message: Option<Message>,
    /// A form was refused.
    pub failure: Option<Failure>,
    /// The only page that may take the failure: the visitor is on a detour, to sign in, and shall find there what was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
}

impl Flash {
    /// What is told at the head of the page.
    #[must_use]
    pub fn notice(&self) -> Option<String> {
        let refused =
            self.failure.as_ref().map(|failure| &failure.error).filter(|error| !error.belongs_to_form());
        self.message.map(|message| message.to_string()).or_else(|| refused.map(AppError::to_string))
    }

    /// What a page takes out, and what stays for another one.
    #[must_use]
    pub fn split(self, path: &str) -> (Self, Self) {
        if self.waits_for.as_deref().is_none_or(|page| page == path) {
            return (Self { waits_for: None, ..self }, Self::default());
        }
        (Self { message: self.message, ..Self::default() }, Self { message: None, ..self })
    }

    /// Both: what is told now, and the failure that waits for its page.
    #[must_use]
    pub fn after(self, before: &Self) -> Self {
        if self.failure.is_none() && before.waits_for.is_some() {
            return Self { message: self.message, ..before.clone() };
        }
        self
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused() -> Flash {
        let failure = Failure {
            form: "/api/auth/name".into(),
            error: AppError::SignInFirst,
            typed: vec![("name".into(), "Ada".into())],
        };
        Flash { message: None, failure: Some(failure), waits_for: Some("/account".into()) }
    }

    #[test]
    fn a_failure_waits_for_its_page_and_a_message_does_not() {
        let signed_in = Flash { message: Some(Message::SignedIn), ..Flash::default() };
        let kept = signed_in.clone().after(&refused());
        let (taken, left) = kept.split("/");
        assert_eq!((taken, left.clone()), (signed_in, refused()));
        let (taken, left) = left.split("/account");
        assert_eq!((taken.failure, left), (refused().failure, Flash::default()));
    }

    fn json() -> impl Strategy<Value = String> {
        let text = "\"(?s)[a-z/]{0,8}\"|null|1|\\[\\]|\"signed_in\"|\"/account\"";
        let typed = "\\[(\\[\"[a-z]{0,4}\",\"[a-z<]{0,4}\"\\],?){0,2}\\]|null";
        let error = "\\{\"error\":\"(sign_in_first|invalid|x)\"(,\"field\":\"name\",\"problem\":\"missing\")?\\}|null";
        (text, text, error, typed, text).prop_map(|(message, form, error, typed, waits_for)| {
            format!(r#"{{"message":{message},"failure":{{"form":{form},"error":{error},"typed":{typed}}},"waits_for":{waits_for}}}"#)
        })
    }

    proptest! {
        /// What an older build has kept is told or dropped; nothing of it is told twice.
        #[test]
        fn what_is_kept_is_read_or_dropped_and_told_once(json in json(), path in "/|/account|/[a-z]{0,5}") {
            if let Ok(flash) = serde_json::from_str::<Flash>(&json) {
                let again = serde_json::to_string(&flash).unwrap();
                prop_assert_eq!(serde_json::from_str::<Flash>(&again).unwrap(), flash.clone());
                let (taken, left) = flash.clone().split(&path);
                prop_assert_eq!(taken.message, flash.message);
                prop_assert_eq!(left.message, None);
                prop_assert!(taken.failure.is_some() != left.failure.is_some());
                // The page that it waits for gets the rest.
                let waits_for = left.waits_for.clone().unwrap_or_default();
                prop_assert!(left.split(&waits_for).1.is_empty());
            }
        }
    }
}
