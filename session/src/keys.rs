//! The keys that sign session cookies.

use base64::{Engine, engine::general_purpose::STANDARD};
use tower_sessions::cookie::Key;

/// Bytes in one key: an HMAC-SHA256 key and, beside it, one for encryption, which the cookie library cuts from the same text.
const KEY_BYTES: usize = 64;

/// The keys that sign session cookies, newest first.
#[derive(Clone)]
pub struct SigningKeys {
    newest: Key,
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

impl SigningKeys {
    /// Reads keys from a comma-separated list, newest first, each 64 random bytes in base64.
    ///
    /// # Errors
    ///
    /// [`KeyError`] for an empty list and for an item that is no key.
    pub fn parse(list: &str) -> Result<Self, KeyError> {
        let mut keys = Vec::new();
        for (index, text) in list
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .enumerate()
        {
            let bytes = STANDARD
                .decode(text)
                .ok()
                .filter(|bytes| bytes.len() == KEY_BYTES);
            let bytes = bytes.ok_or(KeyError::NotAKey { position: index + 1 })?;
            keys.push(Key::from(&bytes));
        }
        let newest = keys.into_iter().next().ok_or(KeyError::Empty)?;
        Ok(Self { newest })
    }

    /// A new random key, in the form that [`parse`](Self::parse) reads.
    #[must_use]
    pub fn generate() -> String {
        STANDARD.encode(Key::generate().master())
    }

    /// The key that signs.
    pub(crate) fn newest(&self) -> Key {
        self.newest.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_key_is_read_back() {
        let list = format!("{}, {}", SigningKeys::generate(), SigningKeys::generate());
        assert!(SigningKeys::parse(&list).is_ok());
    }

    #[test]
    fn a_bad_list_is_refused_by_position_and_never_repeated() {
        assert_eq!(SigningKeys::parse(" , ").unwrap_err(), KeyError::Empty);
        let list = format!("{},secret", SigningKeys::generate());
        let error = SigningKeys::parse(&list).unwrap_err();
        assert_eq!(error, KeyError::NotAKey { position: 2 });
        assert!(!error.to_string().contains("secret"));
    }
}
