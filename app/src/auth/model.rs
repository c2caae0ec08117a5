//! Who somebody is.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{AppError, Field, Problem};

/// An account's id.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct UserId(pub String);

/// An account, as the rest of the app knows it: its password's hash never leaves the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// What the person is called.
    pub name: String,
    /// Where the person is reached; also the name for signing in.
    pub email: Email,
}

/// An e-mail address in lower case: two that differ in case only are one account.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// The longest address that mail can be sent to (RFC 5321, 4.5.3.1.3, less the angle brackets).
    pub const MAX_BYTES: usize = 254;

    /// Takes what has the shape of an address: something, one `@`, and a domain with no space. Whether it exists only a mail
    /// to it can tell.
    ///
    /// # Errors
    ///
    /// [`Problem::Missing`] and [`Problem::NotAnEmail`].
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Problem::Missing);
        }
        let shaped = text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && !domain.is_empty()
                && !domain.contains('@')
                && !domain.starts_with('.')
                && !domain.ends_with('.')
        });
        let plain = text.len() <= Self::MAX_BYTES
            && !text.chars().any(|char| char.is_whitespace() || char.is_control());
        if shaped && plain { Ok(Self(text.to_lowercase())) } else { Err(Problem::NotAnEmail) }
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What somebody signs in with.
pub struct Credentials {
    /// The address.
    pub email: Email,
    /// The password, exactly as typed.
    pub password: String,
}

impl Credentials {
    /// Takes what was typed into the form.
    ///
    /// # Errors
    ///
    /// [`AppError::Invalid`] for a field that is empty or no address.
    pub fn parse(email: &str, password: String) -> Result<Self, AppError> {
        let email = Email::parse(email).map_err(|problem| AppError::invalid(Field::Email, problem))?;
        if password.is_empty() {
            return Err(AppError::invalid(Field::Password, Problem::Missing));
        }
        Ok(Self { email, password })
    }
}

/// The account that everybody may use, outside production.
#[derive(Clone, Copy, Debug)]
pub struct DemoAccount;

impl DemoAccount {
    /// Its name.
    pub const NAME: &str = "Demo";
    /// Its e-mail address.
    pub const EMAIL: &str = "demo@example.com";
    /// Its password.
    pub const PASSWORD: &str = "keep-it-in-the-satchel";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_in_any_case() {
        assert_eq!(Email::parse(" Ada@Example.COM ").unwrap(), Email::parse("ada@example.com").unwrap());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(250));
        for text in [
            "ada",
            "@example.com",
            "ada@",
            "a@b@c",
            "ada@.com",
            "ada@com.",
            "a da@example.com",
            "a\0@example.com",
            &long,
        ] {
            assert_eq!(Email::parse(text), Err(Problem::NotAnEmail), "{text:?}");
        }
        assert_eq!(Email::parse("  "), Err(Problem::Missing));
    }
}
