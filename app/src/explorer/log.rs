//! The log of a session: its latest events.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An event that happened once or several times in a row.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct LogEntry {
    /// When it last happened, in seconds since 1970.
    pub at: i64,
    /// How often it happened in a row.
    pub times: u32,
    /// The event.
    #[serde(flatten)]
    pub what: LogEvent,
}

/// An event of a session.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum LogEvent {
    /// It was created.
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
    /// It got a new id.
    Renewed,
    /// The visitor signed in.
    SignedIn,
    /// The visitor chose its duration.
    Remembered {
        /// Whether "Remember me" was chosen.
        remember: bool,
    },
    /// Its last use was stored.
    Used,
    /// It ended.
    Ended,
    /// The response set its cookie.
    CookieSent {
        /// Why.
        because: SentBecause,
    },
    /// The response did not set its cookie.
    CookieKept,
}

/// Why a response set the cookie.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SentBecause {
    /// The session was new.
    NewSession,
    /// The id was new.
    NewId,
    /// Its age was new.
    NewAge,
    /// The signing key was new.
    NewKey,
}

impl fmt::Display for LogEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created => f.write_str("The session was created."),
            Self::Set { key } => write!(f, "The value \u{201c}{key}\u{201d} was set."),
            Self::Removed { key } => write!(f, "The value \u{201c}{key}\u{201d} was removed."),
            Self::Renewed => f.write_str("The session got a new id. The old id is no longer valid."),
            Self::SignedIn => {
                f.write_str("You signed in: the session got a new id, and both timeouts started again.")
            }
            Self::Remembered { remember: true } => f.write_str("You chose \u{201c}Remember me\u{201d}."),
            Self::Remembered { remember: false } => {
                f.write_str("You chose \u{201c}Until the browser closes\u{201d}.")
            }
            Self::Used => f.write_str("The last use was stored, at most once a minute."),
            Self::Ended => f.write_str("The session ended."),
            Self::CookieSent { because } => write!(f, "The cookie was sent: {because}."),
            Self::CookieKept => f.write_str("The cookie was not sent, because it had not changed."),
        }
    }
}

impl fmt::Display for SentBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NewSession => "the session was new",
            Self::NewId => "the id was new",
            Self::NewAge => "its age was new",
            Self::NewKey => "the signing key was new",
        })
    }
}
