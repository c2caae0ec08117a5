//! Session ids: the secret in the cookie, and its hash, which the database and the log contain.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};
use tower_sessions::session::Id;

/// A secret of 128 random bits (ASVS 7.2.3). `Debug` shows only its hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionId(Id);

impl SessionId {
    pub(crate) fn random() -> Self {
        Self(Id::default())
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Id::from_str(text).ok().map(Self)
    }

    pub(crate) fn expose(self) -> String {
        self.0.to_string()
    }

    /// Replaces all but the first characters by dots.
    pub(crate) fn masked(self) -> String {
        const SHOWN: usize = 4;
        self.expose()
            .chars()
            .enumerate()
            .map(|(index, char)| if index < SHOWN { char } else { '\u{2022}' })
            .collect()
    }

    pub(crate) fn hash(self) -> IdHash {
        IdHash(format!("{:x}", Sha256::digest(self.0.0.to_le_bytes())))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({})", self.hash())
    }
}

/// The SHA-256 hash of an id, in hex, so that a copy of the database contains no valid cookie. 128 random
/// bits do not need a slow hash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct IdHash(String);

impl IdHash {
    pub(crate) fn stored(hash: String) -> Self {
        Self(hash)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn stripe(&self, stripes: usize) -> usize {
        self.0.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % stripes
    }
}

/// The first 12 digits: enough to follow one session through a log.
impl fmt::Display for IdHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.get(..12).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Security: 7.2.3
    #[test]
    fn ids_are_unique_and_survive_a_round_trip() {
        let id = SessionId::random();
        assert_eq!(SessionId::parse(&id.expose()), Some(id));
        assert_ne!(SessionId::random(), id);
        for text in ["", "short", "!!!!!!!!!!!!!!!!!!!!!!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(SessionId::parse(text), None, "{text}");
        }
    }

    /// Security: 16.2.5
    #[test]
    fn debug_output_and_hash_do_not_contain_the_id() {
        let id = SessionId::random();
        assert!(!format!("{id:?} {:?}", id.hash()).contains(&id.expose()));
    }

    proptest! {
        #[test]
        fn parsing_accepts_only_the_text_of_an_id(text in "[A-Za-z0-9_-]{21,23}|(?s).{0,30}") {
            if let Some(id) = SessionId::parse(&text) {
                prop_assert_eq!(id.expose(), text, "one id has one text");
            }
        }

        #[test]
        fn a_masked_id_shows_four_characters_and_does_not_parse(number: i128) {
            let id = SessionId(Id(number));
            prop_assert_eq!(SessionId::parse(&id.expose()), Some(id));
            let masked = id.masked();
            prop_assert_eq!(masked.chars().filter(|char| *char != '\u{2022}').count(), 4);
            prop_assert!(SessionId::parse(&masked).is_none());
        }
    }
}
