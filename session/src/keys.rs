//! The keys that sign session cookies. The newest signs and all verify, so a rotation signs no user out.

use base64::{Engine, engine::general_purpose::STANDARD};
use tower_sessions::cookie::{Cookie, CookieJar, Key};

use crate::DerivedKeys;

/// The length of a key in the cookie library, which signs with one half of it.
const KEY_BYTES: usize = 64;

/// The keys that sign session cookies (HMAC-SHA256), newest first.
#[derive(Clone)]
pub struct SigningKeys {
    newest: Key,
    older: Vec<Key>,
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKeys").finish_non_exhaustive()
    }
}

/// Why a list of keys is invalid. Contains no part of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The list contains no key.
    #[error("the list of keys is empty")]
    Empty,
    /// A key is not valid base64, or has the wrong length.
    #[error("key number {position} is not {KEY_BYTES} bytes in base64")]
    NotAKey {
        /// Its position in the list, counted from 1.
        position: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    Current,
    /// An older key: the response signs the cookie again.
    Old,
}

impl SigningKeys {
    /// Parses a comma-separated list of keys, newest first, each 64 random bytes in base64.
    ///
    /// ```
    /// use session::SigningKeys;
    ///
    /// let old = SigningKeys::generate();
    /// let rotated = format!("{},{old}", SigningKeys::generate());
    /// assert!(SigningKeys::parse(&rotated).is_ok());
    /// ```
    pub fn parse(list: &str) -> Result<Self, KeyError> {
        let texts = list.split(',').map(str::trim).filter(|text| !text.is_empty());
        let keys = texts.enumerate().map(|(index, text)| {
            let bytes = STANDARD.decode(text).ok().filter(|bytes| bytes.len() == KEY_BYTES);
            bytes.map(|bytes| Key::from(&bytes)).ok_or(KeyError::NotAKey { position: index + 1 })
        });
        let mut keys = keys.collect::<Result<Vec<_>, _>>()?.into_iter();
        let newest = keys.next().ok_or(KeyError::Empty)?;
        Ok(Self { newest, older: keys.collect() })
    }

    /// Returns a new random key, in the format of [`parse`](Self::parse).
    #[must_use]
    pub fn generate() -> String {
        STANDARD.encode(Key::generate().master())
    }

    /// Derives keys for another purpose, such as a cookie of the app. Their signatures are valid for it only.
    ///
    /// ```
    /// use session::SigningKeys;
    ///
    /// let keys = SigningKeys::parse(&SigningKeys::generate())?.derive("my app: newsletter");
    /// let signed = keys.sign("subscriber", "ada@example.com");
    /// assert_eq!(keys.verify("subscriber", &signed), Some("ada@example.com"));
    /// assert_eq!(keys.verify("subscriber", &signed.replace("ada", "eve")), None);
    /// # Ok::<(), session::KeyError>(())
    /// ```
    #[must_use]
    pub fn derive(&self, purpose: &str) -> DerivedKeys {
        DerivedKeys::new(&self.newest, &self.older, purpose)
    }

    /// Signs the value with the newest key.
    pub(crate) fn sign(&self, cookie: Cookie<'static>) -> Cookie<'static> {
        let name = cookie.name().to_owned();
        let mut jar = CookieJar::new();
        jar.signed_mut(&self.newest).add(cookie.clone());
        jar.get(&name).cloned().unwrap_or(cookie)
    }

    /// Returns the value without its signature.
    pub(crate) fn verify(&self, cookie: &Cookie<'_>) -> Option<(String, Signature)> {
        let jar = CookieJar::new();
        let verify =
            |key: &Key| Some(jar.signed(key).verify(cookie.clone().into_owned())?.value().to_owned());
        if let Some(value) = verify(&self.newest) {
            return Some((value, Signature::Current));
        }
        self.older.iter().find_map(verify).map(|value| (value, Signature::Old))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn signing_keys(keys: &[&String]) -> SigningKeys {
        SigningKeys::parse(&keys.iter().map(|key| key.as_str()).collect::<Vec<_>>().join(", ")).unwrap()
    }

    /// Security: 13.3.4
    #[test]
    fn all_keys_verify_and_the_newest_signs() {
        let (old, new) = (SigningKeys::generate(), SigningKeys::generate());
        let signed = signing_keys(&[&old]).sign(Cookie::new("id", "value"));
        let rotated = signing_keys(&[&new, &old]);
        assert_eq!(rotated.verify(&signed), Some(("value".to_owned(), Signature::Old)));
        let signed_again = rotated.sign(Cookie::new("id", "value"));
        assert_eq!(
            signing_keys(&[&new]).verify(&signed_again),
            Some(("value".to_owned(), Signature::Current))
        );
        assert_eq!(signing_keys(&[&new]).verify(&signed), None);
    }

    #[test]
    fn rejects_a_changed_value() {
        let keys = signing_keys(&[&SigningKeys::generate()]);
        let signed = keys.sign(Cookie::new("id", "value")).value().to_owned();
        for changed in [
            format!("{signed}x"),
            signed.replace("value", "other"),
            "value".into(),
            String::new(),
            "\u{e9}".repeat(40),
        ] {
            assert_eq!(keys.verify(&Cookie::new("id", changed.clone())), None, "{changed}");
        }
    }

    /// Security: 13.3.1
    #[test]
    fn reports_the_position_of_an_invalid_key_without_its_text() {
        assert_eq!(SigningKeys::parse(" , ").unwrap_err(), KeyError::Empty);
        let list = format!("{},secret", SigningKeys::generate());
        let error = SigningKeys::parse(&list).unwrap_err();
        assert_eq!(error, KeyError::NotAKey { position: 2 });
        assert!(!error.to_string().contains("secret"));
    }

    proptest! {
        #[test]
        fn rejects_random_text_as_keys(list in "[A-Za-z0-9+/=, ]{0,200}|(?s).{0,40}") {
            let error = SigningKeys::parse(&list).unwrap_err();
            let empty = list.split(',').all(|text| text.trim().is_empty());
            prop_assert_eq!(error == KeyError::Empty, empty);
        }

        #[test]
        fn verifies_signed_values_and_no_others(value in "(?s).{0,60}", other in "(?s).{0,60}") {
            let keys = signing_keys(&[&SigningKeys::generate()]);
            let signed = keys.sign(Cookie::new("id", value.clone()));
            prop_assert_eq!(keys.verify(&signed), Some((value.clone(), Signature::Current)));
            prop_assert_eq!(keys.verify(&Cookie::new("id", other.clone())), None);
            if other != value {
                let changed = signed.value().replacen(&value, &other, 1);
                prop_assume!(changed != signed.value());
                prop_assert_eq!(keys.verify(&Cookie::new("id", changed)), None);
            }
        }
    }
}
