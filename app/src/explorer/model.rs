//! What the explorer shows of a session.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{JsonText, LogEntry};

/// What the server stores for a visitor.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct SessionView {
    /// The session; `None` if there is none yet.
    pub session: Option<SessionFacts>,
    /// The values by key: those of the visitor and of the app.
    pub values: BTreeMap<String, JsonText>,
    /// The beginnings of long values, which are not in `values` then. Filled only while a page is rendered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub beginnings: BTreeMap<String, String>,
    /// Details of each value, in the order in which they are shown: those of the visitor first.
    pub details: Vec<ValueFacts>,
    /// The latest events, the newest first.
    pub log: Vec<LogEntry>,
}

/// Details of a value.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
pub struct ValueFacts {
    /// Its key.
    pub key: String,
    /// Its size as JSON, in bytes; for a value of the app with its version.
    pub bytes: usize,
    /// Whether it is a value of the visitor, which can be set and removed here.
    pub own: bool,
}

/// A session. Times are in seconds since 1970.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct SessionFacts {
    /// The id, all but the first characters masked.
    pub id: String,
    /// When it was created.
    pub began_at: i64,
    /// When it was last used, to the minute.
    pub used_at: i64,
    /// When this answer was made.
    pub now: i64,
    /// When it expires unless it is used.
    pub expires_at: i64,
    /// When it expires in any case.
    pub ends_at: i64,
    /// The idle timeout, in seconds.
    pub idle: i64,
    /// Whether the visitor chose "Remember me".
    pub remembered: bool,
    /// Whether a user is signed in.
    pub signed_in: bool,
    /// How often it was written.
    pub writes: i64,
    /// Its size in the database, in bytes.
    pub bytes: usize,
    /// Its cookie.
    pub cookie: CookieFacts,
}

/// The session's cookie.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct CookieFacts {
    /// Its name.
    pub name: String,
    /// The size of name and value, in bytes.
    pub bytes: usize,
    /// Whether it is sent over HTTPS only.
    pub secure: bool,
    /// How long the browser stores it, in seconds; `None` until it closes.
    pub max_age: Option<i64>,
}

impl SessionView {
    /// Adds a value of the visitor.
    pub fn add_own(&mut self, key: String, value: JsonText) {
        let bytes = value.as_str().len();
        self.add(key, value, bytes, true);
    }

    /// Adds a value of the app, in place of a value of the visitor with the same key.
    pub fn add_apps(&mut self, key: &str, value: JsonText, bytes: usize) {
        self.details.retain(|value| value.key != key);
        self.add(key.to_owned(), value, bytes, false);
    }

    /// The most that a page shows of a value, in bytes.
    const MAX_SHOWN: usize = 2_000;

    /// Cuts long values to what a page shows, because a page contains each value twice, the second time escaped and up to seven times as
    /// long.
    #[must_use]
    pub fn for_page(mut self) -> Self {
        self.values.retain(|key, value| {
            let is_short = value.as_str().len() <= Self::MAX_SHOWN;
            if !is_short {
                self.beginnings.insert(key.clone(), value.pretty(Self::MAX_SHOWN));
            }
            is_short
        });
        self
    }

    /// A value as indented JSON; the beginning of a long one.
    #[must_use]
    pub fn shown(&self, key: &str) -> Option<String> {
        let beginning = self.beginnings.get(key).cloned();
        beginning.or_else(|| Some(self.values.get(key)?.pretty(Self::MAX_SHOWN)))
    }

    fn add(&mut self, key: String, value: JsonText, bytes: usize, own: bool) {
        self.details.push(ValueFacts { key: key.clone(), bytes, own });
        self.values.insert(key, value);
    }
}

/// A size in bytes, for users to read.
#[derive(Clone, Copy, Debug)]
pub struct Size(pub usize);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 byte"),
            bytes @ ..1_000 => write!(f, "{bytes} bytes"),
            bytes @ ..1_000_000 => write!(f, "{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
            bytes => write!(f, "{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
        }
    }
}

/// A duration in seconds, in its two largest units.
#[derive(Clone, Copy, Debug)]
pub struct Span(pub i64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(i64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
        let seconds = self.0.max(0);
        let largest = UNITS.iter().position(|(unit, _)| seconds >= *unit).unwrap_or(UNITS.len() - 1);
        let (unit, name) = UNITS[largest];
        write!(f, "{} {name}", seconds / unit)?;
        match UNITS.get(largest + 1) {
            Some((smaller, name)) => write!(f, " {} {name}", seconds % unit / smaller),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_the_app_hides_a_value_of_the_visitor() {
        let mut view = SessionView::default();
        let json = |text| JsonText::parse(text).unwrap();
        view.add_own("a".to_owned(), json("1"));
        view.add_own("theme".to_owned(), json("\"mine\""));
        view.add_apps("theme", json("\"dark\""), 20);
        assert_eq!(view.values["theme"].as_str(), "\"dark\"");
        let shown: Vec<_> = view.details.iter().map(|value| (value.key.as_str(), value.own)).collect();
        assert_eq!(shown, [("a", true), ("theme", false)]);
    }

    #[test]
    fn a_page_gets_only_the_beginning_of_a_long_value() {
        let mut view = SessionView::default();
        view.add_own("long".to_owned(), JsonText::string(&"<".repeat(900_000)).unwrap());
        view.add_own("short".to_owned(), JsonText::parse("[1]").unwrap());
        let for_page = view.clone().for_page();
        for key in ["long", "short", "missing"] {
            assert_eq!(for_page.shown(key), view.shown(key));
        }
        assert_eq!(
            (for_page.shown("short").as_deref(), for_page.shown("missing")),
            (Some("[\n  1\n]"), None)
        );
        assert_eq!(for_page.details, view.details);
        assert!(serde_json::to_string(&for_page).unwrap().len() < 3_000);
    }

    #[test]
    fn sizes_and_durations_are_readable() {
        for (bytes, text) in
            [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (102_400, "102.4 kB"), (1_048_576, "1.0 MB")]
        {
            assert_eq!(Size(bytes).to_string(), text);
        }
        for (seconds, text) in [
            (-5, "0 s"),
            (59, "59 s"),
            (1_799, "29 min 59 s"),
            (43_200, "12 h 0 min"),
            (31 * 86_400 - 1, "30 d 23 h"),
        ] {
            assert_eq!(Span(seconds).to_string(), text);
        }
    }
}
