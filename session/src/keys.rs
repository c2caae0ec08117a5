//! The ring of keys that sign session cookies: the newest signs, all verify, so a key can be replaced and nobody is signed out.

use base64::{Engine, engine::general_purpose::STANDARD};
use tower_sessions::cookie::{Cookie, CookieJar, Key};

use crate::DerivedKeys;

/// Bytes in one key, as the cookie library wants them: half for signing, half for encryption.
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

/// Why a text is no list of keys. Never holds any of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no key in the list.
    #[error("the list of keys is empty")]
    Empty,
    /// One of the keys is not base64, or not of the right length.
    #[error("key number {position} is not {KEY_BYTES} bytes in base64")]
    NotAKey {
        /// Its place in the list, counted from 1.
        position: usize,
    },
}

/// What a signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    /// Made with the newest key.
    Current,
    /// Made with an older key: the cookie is to be signed anew.
    Old,
}

impl SigningKeys {
    /// Reads keys from a comma-separated list, newest first, each 64 random bytes in base64.
    ///
    /// ```
    /// use session::SigningKeys;
    ///
    /// let old = SigningKeys::generate();
    /// let rotated = format!("{},{old}", SigningKeys::generate());
    /// assert!(SigningKeys::parse(&rotated).is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// [`KeyError`] for an empty list and for an item that is no key.
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

    /// A new random key, in the form that [`parse`](Self::parse) reads.
    #[must_use]
    pub fn generate() -> String {
        STANDARD.encode(Key::generate().master())
    }

    /// Keys for something else that the app signs, such as a cookie of its own. What they sign is never taken for a session's cookie,
    /// nor for what was signed for another purpose.
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

    /// Signs the cookie's value with the newest key.
    pub(crate) fn sign(&self, cookie: Cookie<'static>) -> Cookie<'static> {
        let name = cookie.name().to_owned();
        let mut jar = CookieJar::new();
        jar.signed_mut(&self.newest).add(cookie.clone());
        // It was added a line above.
        jar.get(&name).cloned().unwrap_or(cookie)
    }

    /// The value without its signature, if one of the keys has made it.
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

    fn ring(keys: &[&String]) -> SigningKeys {
        SigningKeys::parse(&keys.iter().map(|key| key.as_str()).collect::<Vec<_>>().join(", ")).unwrap()
    }

    /// Security: 13.3.4
    #[test]
    fn every_key_of_the_ring_verifies_and_the_newest_signs() {
        let (old, new) = (SigningKeys::generate(), SigningKeys::generate());
        let signed = ring(&[&old]).sign(Cookie::new("id", "value"));
        let rotated = ring(&[&new, &old]);
        assert_eq!(rotated.verify(&signed), Some(("value".to_owned(), Signature::Old)));
        let signed_anew = rotated.sign(Cookie::new("id", "value"));
        assert_eq!(ring(&[&new]).verify(&signed_anew), Some(("value".to_owned(), Signature::Current)));
        assert_eq!(ring(&[&new]).verify(&signed), None);
    }

    #[test]
    fn a_changed_value_does_not_verify() {
        let keys = ring(&[&SigningKeys::generate()]);
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
    fn a_bad_list_is_refused_by_position_and_never_repeated() {
        assert_eq!(SigningKeys::parse(" , ").unwrap_err(), KeyError::Empty);
        let list = format!("{},secret", SigningKeys::generate());
        let error = SigningKeys::parse(&list).unwrap_err();
        assert_eq!(error, KeyError::NotAKey { position: 2 });
        assert!(!error.to_string().contains("secret"));
    }

    proptest! {
        #[test]
        fn any_list_is_read_or_refused_and_never_repeated(list in "[A-Za-z0-9+/=, ]{0,200}|(?s).{0,40}") {
            // Nothing that is written at random is a key.
            let error = SigningKeys::parse(&list).unwrap_err();
            let empty = list.split(',').all(|text| text.trim().is_empty());
            prop_assert_eq!(error == KeyError::Empty, empty);
        }

        #[test]
        fn any_value_that_was_signed_verifies_and_no_other_does(value in "(?s).{0,60}", other in "(?s).{0,60}") {
            let keys = ring(&[&SigningKeys::generate()]);
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
