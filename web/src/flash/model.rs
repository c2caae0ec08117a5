//! The content of a flash: a message, or a form that was refused.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// A plain form that was refused, to be shown again with the error and the typed values.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct FormFailure {
    /// The path of the form's server function.
    pub form: String,
    pub error: AppError,
    /// The values of the fields that the [form](crate::feature::Form) refills.
    pub typed: Vec<(String, String)>,
}

impl FormFailure {
    /// The typed value of a field.
    pub fn typed(&self, field: &str) -> Option<&str> {
        self.typed.iter().find(|(name, _)| name == field).map(|(_, value)| value.as_str())
    }
}

/// The outcome of a plain form, until the next page shows it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Flash {
    pub message: Option<Cow<'static, str>>,
    pub failure: Option<FormFailure>,
    /// The page that takes the failure. Set while the visitor has to sign in first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
}

impl Flash {
    pub const KEY: &'static str = "flash";

    /// The message at the top of the page.
    pub fn notice(&self) -> Option<String> {
        let error =
            self.failure.as_ref().map(|failure| &failure.error).filter(|error| !error.is_shown_in_form());
        self.message.as_deref().map(str::to_owned).or_else(|| error.map(AppError::to_string))
    }

    /// Splits it into the part for the page at `path` and the part that still waits for another page.
    pub fn split(self, path: &str) -> (Self, Self) {
        if self.waits_for.as_deref().is_none_or(|page| page == path) {
            return (Self { waits_for: None, ..self }, Self::default());
        }
        (Self { message: self.message, ..Self::default() }, Self { message: None, ..self })
    }

    /// This flash, with the failure of an earlier one that still waits for its page.
    pub fn after(self, earlier: &Self) -> Self {
        if self.failure.is_none() && earlier.waits_for.is_some() {
            return Self { message: self.message, ..earlier.clone() };
        }
        self
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused() -> Flash {
        let failure = FormFailure {
            form: "/api/auth/name".into(),
            error: AppError::SignInFirst,
            typed: vec![("name".into(), "Ada".into())],
        };
        Flash { message: None, failure: Some(failure), waits_for: Some("/account".into()) }
    }

    #[test]
    fn a_failure_waits_for_its_page_and_a_message_does_not() {
        let signed_in = Flash { message: Some("Welcome!".into()), ..Flash::default() };
        let stored = signed_in.clone().after(&refused());
        let (taken, left) = stored.split("/");
        assert_eq!((taken, left.clone()), (signed_in, refused()));
        let (taken, left) = left.split("/account");
        assert_eq!((taken.failure, left), (refused().failure, Flash::default()));
    }

    fn json() -> impl Strategy<Value = String> {
        let text = "\"(?s)[a-z/]{0,8}\"|null|1|\\[\\]|\"Welcome!\"|\"/account\"";
        let typed = "\\[(\\[\"[a-z]{0,4}\",\"[a-z<]{0,4}\"\\],?){0,2}\\]|null";
        let error = "\\{\"error\":\"(sign_in_first|invalid|x)\"(,\"field\":\"name\",\"message\":\"x\")?(,\"status\":9)?\\}|null";
        (text, text, error, typed, text).prop_map(|(message, form, error, typed, waits_for)| {
            format!(r#"{{"message":{message},"failure":{{"form":{form},"error":{error},"typed":{typed}}},"waits_for":{waits_for}}}"#)
        })
    }

    proptest! {
        #[test]
        fn any_stored_flash_is_shown_once_or_dropped(json in json(), path in "/|/account|/[a-z]{0,5}") {
            if let Ok(flash) = serde_json::from_str::<Flash>(&json) {
                let again = serde_json::to_string(&flash).unwrap();
                prop_assert_eq!(serde_json::from_str::<Flash>(&again).unwrap(), flash.clone());
                let (taken, left) = flash.clone().split(&path);
                prop_assert_eq!(taken.message, flash.message);
                prop_assert_eq!(&left.message, &None);
                prop_assert!(taken.failure.is_some() != left.failure.is_some());
                let waits_for = left.waits_for.clone().unwrap_or_default();
                prop_assert!(left.split(&waits_for).1.is_empty());
            }
        }
    }
}
