//! The last things that happened to a session, in words.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that happened, once or several times in a row.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct LogEntry {
    /// When it happened, the last time, in seconds since 1970.
    pub at: i64,
    /// How often in a row.
    pub times: u32,
    /// What it was.
    #[serde(flatten)]
    pub what: Happening,
}

/// What happened to a session.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Happening {
    /// It began.
    Created,
    /// A value was set.
    Set {
        /// Its key.
        key: String,
    },
    /// A value was removed.
    Removed {
        /// Its key.
        key: String,
    },
    /// It was given a new id.
    Renewed,
    /// Somebody signed in.
    SignedIn,
    /// Its visitor chose between the clocks.
    Remembered {
        /// Whether to be remembered.
        remember: bool,
    },
    /// It was noted that it is in use.
    Used,
    /// It ended.
    Ended,
    /// The response carried its cookie.
    CookieSent {
        /// Why.
        because: SentBecause,
    },
    /// The response did not carry its cookie.
    CookieKept,
}

/// Why a response carried the cookie.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SentBecause {
    /// The session had just begun.
    NewSession,
    /// The id was new.
    NewId,
    /// How long the browser keeps it was new.
    NewAge,
    /// The key that signs it was new.
    NewKey,
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created => f.write_str("The session was created."),
            Self::Set { key } => write!(f, "The value \u{201c}{key}\u{201d} was set."),
            Self::Removed { key } => write!(f, "The value \u{201c}{key}\u{201d} was removed."),
            Self::Renewed => f.write_str("The session got a new id; the old one is worth nothing now."),
            Self::SignedIn => f.write_str("You signed in: a new id, and both clocks started anew."),
            Self::Remembered { remember: true } => f.write_str("You chose to be remembered."),
            Self::Remembered { remember: false } => {
                f.write_str("You chose that the browser forgets when it closes.")
            }
            Self::Used => f.write_str("It was noted that the session is in use, once a minute at most."),
            Self::Ended => f.write_str("The session ended."),
            Self::CookieSent { because } => write!(f, "The cookie was sent: {because}."),
            Self::CookieKept => {
                f.write_str("The cookie was not sent: the browser has it, and nothing about it had changed.")
            }
        }
    }
}

impl fmt::Display for SentBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NewSession => "the session was new",
            Self::NewId => "the id was new",
            Self::NewAge => "how long the browser keeps it was new",
            Self::NewKey => "the server signs with a new key",
        })
    }
}
