//! What the explorer shows.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{JsonText, LogEntry};

/// All that the server keeps for a visitor.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct SessionView {
    /// The session; nothing where there is none yet.
    pub session: Option<SessionFacts>,
    /// The values by key: the visitor's own and the app's.
    pub values: BTreeMap<String, JsonText>,
    /// What a page shows of long values, which are not in `values` then. Only filled where a page is rendered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub beginnings: BTreeMap<String, String>,
    /// More about each value, in the order in which they are shown: the visitor's own first.
    pub details: Vec<ValueFacts>,
    /// The last things that happened, the latest first.
    pub log: Vec<LogEntry>,
}

/// More about a value.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
pub struct ValueFacts {
    /// Its key.
    pub key: String,
    /// What it takes as JSON, in bytes; one of the app's with its version.
    pub bytes: usize,
    /// Whether it is the visitor's own, to be set and removed here.
    pub own: bool,
}

/// A session. Times are in seconds since 1970.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct SessionFacts {
    /// The id, all but the first characters masked.
    pub id: String,
    /// When it began.
    pub began_at: i64,
    /// When it was last in use, to the minute.
    pub used_at: i64,
    /// When all this was so.
    pub now: i64,
    /// When it is over unless it is used.
    pub expires_at: i64,
    /// When it is over however busy.
    pub ends_at: i64,
    /// How long it goes on after each use, in seconds.
    pub idle: i64,
    /// Whether the visitor chose to be remembered.
    pub remembered: bool,
    /// Whether somebody is signed in.
    pub signed_in: bool,
    /// How often it was written.
    pub writes: i64,
    /// What it takes in the database, in bytes.
    pub bytes: usize,
    /// Its cookie.
    pub cookie: CookieFacts,
}

/// The session's cookie.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct CookieFacts {
    /// Its name.
    pub name: String,
    /// What name and value take, in bytes.
    pub bytes: usize,
    /// Whether it travels over HTTPS only.
    pub secure: bool,
    /// How long the browser keeps it, in seconds; until it closes where there is none.
    pub max_age: Option<i64>,
}

impl SessionView {
    /// Puts in a value of the visitor's own.
    pub fn add_own(&mut self, key: String, value: JsonText) {
        let bytes = value.as_str().len();
        self.add(key, value, bytes, true);
    }

    /// Puts in a value of the app's. It is shown in place of one of the visitor's with the same key.
    pub fn add_apps(&mut self, key: &str, value: JsonText, bytes: usize) {
        self.details.retain(|value| value.key != key);
        self.add(key.to_owned(), value, bytes, false);
    }

    /// The most that a page shows of a value, in bytes: enough to see what it is.
    const MAX_SHOWN: usize = 2_000;

    /// Leaves out of long values what a page does not show: it contains each value twice, with the second copy escaped up to seven times
    /// as long.
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

    /// The value under a key as formatted JSON; the beginning of a long one.
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

/// A size, for people.
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

/// A time span in seconds, in its two largest units.
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
    fn a_value_of_the_apps_hides_one_of_the_visitors() {
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
    fn a_page_gets_the_beginning_of_a_long_value_and_shows_the_same() {
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
    fn sizes_and_spans_are_told_for_people() {
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
