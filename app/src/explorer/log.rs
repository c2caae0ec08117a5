//! The log of a session: its latest events, as the server sends them to the page.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An event that happened once or several times in a row.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct LogEntry {
    /// The last time, in seconds since 1970.
    pub at: i64,
    pub times: u32,
    #[serde(flatten)]
    pub what: LogEvent,
}

/// An event of a session: its `SessionEvent`, or a change of one of the visitor's own values.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum LogEvent {
    Created,
    Set { key: String },
    Removed { key: String },
    Renewed,
    SignedIn,
    Remembered { remember: bool },
    Used,
    Ended,
    CookieSent { because: SentBecause },
    CookieKept,
}

/// Why a response set the cookie.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
pub enum SentBecause {
    #[strum(to_string = "the session was new")]
    NewSession,
    #[strum(to_string = "the id was new")]
    NewId,
    #[strum(to_string = "its age was new")]
    NewAge,
    #[strum(to_string = "the signing key was new")]
    NewKey,
}

impl fmt::Display for LogEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created => write!(f, "The session was created."),
            Self::Set { key } => write!(f, "The value “{key}” was set."),
            Self::Removed { key } => write!(f, "The value “{key}” was removed."),
            Self::Renewed => write!(f, "The session got a new id. The old id is no longer valid."),
            Self::SignedIn => {
                write!(f, "You signed in: the session got a new id, and both timeouts started again.")
            }
            Self::Remembered { remember: true } => write!(f, "You chose “Remember me”."),
            Self::Remembered { remember: false } => write!(f, "You chose “Until the browser closes”."),
            Self::Used => write!(f, "The last use was stored, at most once a minute."),
            Self::Ended => write!(f, "The session ended."),
            Self::CookieSent { because } => write!(f, "The cookie was sent: {because}."),
            Self::CookieKept => write!(f, "The cookie was not sent, because it had not changed."),
        }
    }
}
