//! Users: their names, addresses and credentials.

use std::fmt;

use serde::{Deserialize, Serialize};

use web::error::{AppError, ForField, Invalid};

use super::NewPassword;

/// An account's id.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct UserId(pub String);

/// An account. The hash of its password never leaves the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub name: Name,
    /// The user's address, used to sign in.
    pub email: Email,
}

/// An e-mail address in lower case: two that differ in case only are one account.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// The longest address that mail can be sent to (RFC 5321, 4.5.3.1.3, less the angle brackets).
    pub const MAX_BYTES: usize = 254;
    const NOT_AN_EMAIL: Invalid = Invalid::new("Please enter an e-mail address, such as ada@example.com.");

    /// Parses a text with one `@` between a local part and a domain, without spaces. Fails with [`Invalid`] for an empty text and
    /// for every other one.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        // Measured in lower case, because some letters are longer then.
        let text = text.trim().to_lowercase();
        if text.is_empty() {
            return Err(Invalid::MISSING);
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
        if shaped && plain { Ok(Self(text)) } else { Err(Self::NOT_AN_EMAIL) }
    }

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

/// The name of a user, as pages show it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// The longest name, in characters.
    pub const MAX_CHARS: u32 = 100;

    /// Parses a name of one line. Fails with [`Invalid`] for an empty text, several lines, and a text that is too long.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        match u32::try_from(text.chars().count()) {
            Ok(0) => Err(Invalid::MISSING),
            Ok(chars) if chars <= Self::MAX_CHARS => {
                if text.chars().any(char::is_control) {
                    return Err(Invalid::NOT_ONE_LINE);
                }
                Ok(Self(text.to_owned()))
            }
            _ => Err(Invalid::too_long(Self::MAX_CHARS)),
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

/// The fields of the registration form.
#[derive(Debug)]
pub struct Registration {
    pub name: Name,
    /// The address.
    pub email: Email,
    /// The password, exactly as typed.
    pub password: NewPassword,
}

impl Registration {
    /// Parses the fields. `is_common` knows the most common passwords. Fails with [`AppError::Invalid`] for the first wrong
    /// field.
    pub fn parse(
        name: &str,
        email: &str,
        password: &str,
        is_common: impl Fn(&str) -> bool,
    ) -> Result<Self, AppError> {
        let name = Name::parse(name).for_field("name")?;
        let email = Email::parse(email).for_field("email")?;
        let password = NewPassword::parse(password, &[name.as_str(), email.as_str()], is_common);
        let password = password.for_field("password")?;
        Ok(Self { name, email, password })
    }
}

/// The fields of the sign-in form.
pub struct Credentials {
    /// The address.
    pub email: Email,
    /// The password, exactly as typed.
    pub password: String,
}

impl Credentials {
    /// Parses the fields. Fails with [`AppError::Invalid`] for the first wrong field.
    pub fn parse(email: &str, password: String) -> Result<Self, AppError> {
        let email = Email::parse(email).for_field("email")?;
        if password.is_empty() {
            return Err(Invalid::MISSING.for_field("password"));
        }
        Ok(Self { email, password })
    }
}

/// The account with a public password. Outside of production only.
#[derive(Clone, Copy, Debug)]
pub struct DemoAccount;

impl DemoAccount {
    pub const NAME: &str = "Demo";
    /// Its e-mail address.
    pub const EMAIL: &str = "demo@example.com";
    pub const PASSWORD: &str = "keep-it-in-the-satchel";
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_ignore_case() {
        assert_eq!(Email::parse(" Ada@Example.COM ").unwrap(), Email::parse("ada@example.com").unwrap());
    }

    #[test]
    fn a_name_is_a_line_in_any_script() {
        assert_eq!(Name::parse("  Ада  Лавлейс ").unwrap().as_str(), "Ада  Лавлейс");
        assert_eq!(Name::parse(" "), Err(Invalid::MISSING));
        assert_eq!(Name::parse("Ada\nAdmin"), Err(Invalid::NOT_ONE_LINE));
        assert_eq!(Name::parse(&"a".repeat(101)), Err(Invalid::too_long(100)));
    }

    proptest! {
        #[test]
        fn a_parsed_address_is_parsed_again(text in "\\PC{0,120}@\\PC{0,140}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }
    }

    #[test]
    fn an_address_is_measured_in_lower_case() {
        let text = format!("{}@example.com", "\u{130}".repeat(120));
        assert_eq!(Email::parse(&text), Err(Email::NOT_AN_EMAIL));
    }

    #[test]
    fn refuses_other_texts_than_addresses() {
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
            assert_eq!(Email::parse(text), Err(Email::NOT_AN_EMAIL), "{text:?}");
        }
        assert_eq!(Email::parse("  "), Err(Invalid::MISSING));
    }

    proptest! {
        #[test]
        fn a_parsed_name_is_parsed_again(text in "(?s).{0,110}") {
            match Name::parse(&text) {
                Ok(name) => {
                    prop_assert_eq!(name.as_str(), text.trim());
                    prop_assert!((1..=100).contains(&name.as_str().chars().count()));
                    prop_assert!(!name.as_str().contains(char::is_control));
                    prop_assert_eq!(Name::parse(name.as_str()), Ok(name));
                }
                Err(invalid) => prop_assert_eq!(Name::parse(text.trim()), Err(invalid)),
            }
        }

        #[test]
        fn an_address_never_contains_white_space(text in "(?s).{0,20}(@.{0,20}){0,2}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert!(!email.as_str().contains(|char: char| char.is_whitespace() || char.is_control()));
                prop_assert!(email.as_str().matches('@').count() == 1 && email.as_str().len() <= Email::MAX_BYTES);
                // The database checks that it is in lower case.
                prop_assert_eq!(email.as_str().to_ascii_lowercase(), email.as_str());
            }
        }
    }
}
