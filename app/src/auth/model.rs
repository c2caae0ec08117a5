//! Who somebody is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::NewPassword;
use crate::error::{AppError, Field, Problem};

/// An account's id.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct UserId(pub String);

/// An account, as the rest of the app knows it: its password's hash never leaves the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// What the person is called.
    pub name: Name,
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
        // What is kept is what is measured: some letters are longer in lower case.
        let text = text.trim().to_lowercase();
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
        if shaped && plain { Ok(Self(text)) } else { Err(Problem::NotAnEmail) }
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

/// What an account is called on the pages.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// The most characters: what a header has room for, and most names need far fewer.
    pub const MAX_CHARS: u32 = 100;

    /// Takes any name in one line.
    ///
    /// # Errors
    ///
    /// [`Problem::Missing`], [`Problem::TooLong`] and [`Problem::NotOneLine`].
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        match u32::try_from(text.chars().count()) {
            Ok(0) => Err(Problem::Missing),
            Ok(chars) if chars <= Self::MAX_CHARS => {
                if text.chars().any(char::is_control) {
                    return Err(Problem::NotOneLine);
                }
                Ok(Self(text.to_owned()))
            }
            _ => Err(Problem::TooLong { max: Self::MAX_CHARS }),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What somebody registers with.
#[derive(Debug)]
pub struct Registration {
    /// What the account is to be called.
    pub name: Name,
    /// Where its owner is reached.
    pub email: Email,
    /// The password, exactly as typed.
    pub password: NewPassword,
}

impl Registration {
    /// Takes what was typed into the form. `common` knows the passwords that are guessed first.
    ///
    /// # Errors
    ///
    /// [`AppError::Invalid`] for the first field that is wrong.
    pub fn parse(
        name: &str,
        email: &str,
        password: &str,
        common: impl Fn(&str) -> bool,
    ) -> Result<Self, AppError> {
        let invalid = |field| move |problem| AppError::invalid(field, problem);
        let name = Name::parse(name).map_err(invalid(Field::Name))?;
        let email = Email::parse(email).map_err(invalid(Field::Email))?;
        let password = NewPassword::parse(password, &[name.as_str(), email.as_str()], common)
            .map_err(invalid(Field::Password))?;
        Ok(Self { name, email, password })
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_one_in_any_case() {
        assert_eq!(Email::parse(" Ada@Example.COM ").unwrap(), Email::parse("ada@example.com").unwrap());
    }

    #[test]
    fn a_name_is_one_line_of_any_script() {
        assert_eq!(Name::parse("  Ада  Лавлейс ").unwrap().as_str(), "Ада  Лавлейс");
        assert_eq!(Name::parse(" "), Err(Problem::Missing));
        assert_eq!(Name::parse("Ada\nAdmin"), Err(Problem::NotOneLine));
        assert_eq!(Name::parse(&"a".repeat(101)), Err(Problem::TooLong { max: 100 }));
    }

    proptest! {
        #[test]
        fn what_is_kept_is_an_address_again(text in "\\PC{0,120}@\\PC{0,140}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }
    }

    #[test]
    fn an_address_is_measured_as_it_is_kept() {
        let text = format!("{}@example.com", "\u{130}".repeat(120));
        assert_eq!(Email::parse(&text), Err(Problem::NotAnEmail));
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

    proptest! {
        #[test]
        fn a_name_that_is_kept_is_a_name_again(text in "(?s).{0,110}") {
            match Name::parse(&text) {
                Ok(name) => {
                    prop_assert_eq!(name.as_str(), text.trim());
                    prop_assert!((1..=100).contains(&name.as_str().chars().count()));
                    prop_assert!(!name.as_str().contains(char::is_control));
                    prop_assert_eq!(Name::parse(name.as_str()), Ok(name));
                }
                // It is refused for what it is, whatever blanks are around it.
                Err(problem) => prop_assert_eq!(Name::parse(text.trim()), Err(problem)),
            }
        }

        #[test]
        fn any_text_is_an_address_without_blanks_or_refused(text in "(?s).{0,20}(@.{0,20}){0,2}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert!(!email.as_str().contains(|char: char| char.is_whitespace() || char.is_control()));
                prop_assert!(email.as_str().matches('@').count() == 1 && email.as_str().len() <= Email::MAX_BYTES);
                // The database checks by itself that it is in lower case.
                prop_assert_eq!(email.as_str().to_ascii_lowercase(), email.as_str());
            }
        }
    }
}
