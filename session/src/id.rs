//! A session's id, which only its visitor knows, and its hash, which is all that the database and the log get to see.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};
use tower_sessions::session::Id;

/// The secret: 128 random bits (ASVS 7.2.3). It has no `Debug` form that could be replayed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionId(Id);

impl SessionId {
    /// A new id, that nobody had before.
    pub(crate) fn random() -> Self {
        Self(Id::default())
    }

    /// Reads the text of a cookie.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Id::from_str(text).ok().map(Self)
    }

    /// The text for a cookie.
    pub(crate) fn expose(self) -> String {
        self.0.to_string()
    }

    /// The first characters, and a dot for each other one.
    pub(crate) fn masked(self) -> String {
        const SHOWN: usize = 4;
        self.expose()
            .chars()
            .enumerate()
            .map(|(place, char)| if place < SHOWN { char } else { '\u{2022}' })
            .collect()
    }

    /// What the store knows it by.
    pub(crate) fn hash(self) -> IdHash {
        IdHash(format!("{:x}", Sha256::digest(self.0.0.to_le_bytes())))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({})", self.hash())
    }
}

/// The SHA-256 hash of an id, in hex: no way leads back, so a copy of the database opens no session. A slow hash is not needed
/// for 128 random bits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct IdHash(String);

impl IdHash {
    /// A hash that the store has kept.
    pub(crate) fn stored(hash: String) -> Self {
        Self(hash)
    }

    /// The hash for a statement.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// One of `places`, the same for the same id.
    pub(crate) fn place(&self, places: usize) -> usize {
        self.0.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % places
    }
}

/// The first digits: enough to follow one session through a log.
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
    fn an_id_is_read_back_and_never_repeated() {
        let id = SessionId::random();
        assert_eq!(SessionId::parse(&id.expose()), Some(id));
        assert_ne!(SessionId::random(), id);
        for text in ["", "short", "!!!!!!!!!!!!!!!!!!!!!!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(SessionId::parse(text), None, "{text}");
        }
    }

    /// Security: 16.2.5
    #[test]
    fn neither_debug_nor_hash_shows_the_id() {
        let id = SessionId::random();
        assert!(!format!("{id:?} {:?}", id.hash()).contains(&id.expose()));
    }

    proptest! {
        #[test]
        fn any_text_is_an_id_or_refused(text in "[A-Za-z0-9_-]{21,23}|(?s).{0,30}") {
            if let Some(id) = SessionId::parse(&text) {
                prop_assert_eq!(id.expose(), text, "one id has one text");
            }
        }

        #[test]
        fn of_an_id_the_first_characters_are_shown(number: i128) {
            let id = SessionId(Id(number));
            prop_assert_eq!(SessionId::parse(&id.expose()), Some(id));
            let masked = id.masked();
            prop_assert_eq!(masked.chars().filter(|char| *char != '\u{2022}').count(), 4);
            prop_assert!(SessionId::parse(&masked).is_none());
        }
    }
}
