//! The data that the explorer shows of a session.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{JsonText, LogEntry};

/// The data that the server stores for a visitor.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct SessionView {
    pub session: Option<SessionFacts>,
    /// By key; values of the visitor and of the app.
    pub values: BTreeMap<String, JsonText>,
    /// The beginnings of long values, which are not in `values` then. Filled only while a page is rendered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub beginnings: BTreeMap<String, String>,
    /// In the order in which they are shown: values of the visitor first.
    pub details: Vec<ValueFacts>,
    /// The newest event first.
    pub log: Vec<LogEntry>,
}

/// Details of a value.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
pub struct ValueFacts {
    pub key: String,
    /// Its size as JSON; for a value of the app with its version.
    pub bytes: usize,
    /// Whether it is a value of the visitor, which can be set and removed here.
    pub own: bool,
}

/// A session. Times are in seconds since 1970.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct SessionFacts {
    /// The id, all but the first characters masked.
    pub id: String,
    pub began_at: i64,
    pub used_at: i64,
    pub now: i64,
    /// The end by the idle timeout.
    pub expires_at: i64,
    /// The end by the absolute timeout.
    pub ends_at: i64,
    /// The idle timeout, in seconds.
    pub idle: i64,
    pub remembered: bool,
    pub signed_in: bool,
    pub writes: i64,
    pub bytes: usize,
    pub cookie: CookieFacts,
}

/// The session's cookie.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct CookieFacts {
    pub name: String,
    /// The size of name and value.
    pub bytes: usize,
    pub secure: bool,
    /// In seconds; `None` until the browser closes.
    pub max_age: Option<i64>,
}

impl SessionView {
    /// The most that a page shows of a value, in bytes.
    const MAX_SHOWN: usize = 2_000;

    /// Adds a value, in place of one with the same key.
    pub fn add(&mut self, facts: ValueFacts, value: JsonText) {
        self.details.retain(|other| other.key != facts.key);
        self.values.insert(facts.key.clone(), value);
        self.details.push(facts);
    }

    /// Cuts long values. A page contains each value twice, the second time escaped and up to seven times as long.
    pub fn for_page(mut self) -> Self {
        let is_long = |value: &JsonText| value.as_str().len() > Self::MAX_SHOWN;
        for (key, value) in self.values.extract_if(.., |_, value| is_long(value)) {
            self.beginnings.insert(key, value.pretty(Self::MAX_SHOWN));
        }
        self
    }

    /// A value as indented JSON; the beginning of a long one.
    pub fn shown(&self, key: &str) -> Option<String> {
        let beginning = self.beginnings.get(key).cloned();
        beginning.or_else(|| Some(self.values.get(key)?.pretty(Self::MAX_SHOWN)))
    }
}

/// A size in bytes, for users to read.
pub(super) fn size(bytes: usize) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        ..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// A duration in its two largest units, for users to read.
pub(super) fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view<const N: usize>(values: [(&str, bool, &str); N]) -> SessionView {
        let mut view = SessionView::default();
        for (key, own, json) in values {
            let facts = ValueFacts { key: key.to_owned(), bytes: json.len(), own };
            view.add(facts, JsonText::parse(json).unwrap());
        }
        view
    }

    #[test]
    fn a_value_of_the_app_hides_a_value_of_the_visitor() {
        let view = view([("a", true, "1"), ("theme", true, "\"mine\""), ("theme", false, "\"dark\"")]);
        assert_eq!(view.values["theme"].as_str(), "\"dark\"");
        let shown: Vec<_> = view.details.iter().map(|value| (value.key.as_str(), value.own)).collect();
        assert_eq!(shown, [("a", true), ("theme", false)]);
    }

    #[test]
    fn a_page_gets_only_the_beginning_of_a_long_value() {
        let long = format!("\"{}\"", "<".repeat(900_000));
        let view = view([("long", true, &long), ("short", true, "[1]")]);
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
            assert_eq!(size(bytes), text);
        }
        for (seconds, text) in [
            (-5, "0 s"),
            (59, "59 s"),
            (1_799, "29 min 59 s"),
            (43_200, "12 h 0 min"),
            (31 * 86_400 - 1, "30 d 23 h"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
