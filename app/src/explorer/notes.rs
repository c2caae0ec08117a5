//! What a visitor may keep: any values under keys of its own, and pineapples.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::JsonText;
use crate::error::{AppError, Field, Problem};

/// The key of a value of the visitor's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The longest key, in characters.
    pub const MAX_CHARS: u32 = 64;

    /// Reads a key: any text in one line, without the blanks around it.
    ///
    /// # Errors
    ///
    /// [`AppError::Invalid`] for the field `key`.
    pub fn parse(text: &str) -> Result<Self, AppError> {
        let key = text.trim();
        let problem = if key.is_empty() {
            Problem::Missing
        } else if key.chars().any(char::is_control) {
            Problem::NotOneLine
        } else if key.chars().count() > Self::MAX_CHARS as usize {
            Problem::TooLong { max: Self::MAX_CHARS }
        } else {
            return Ok(Self(key.to_owned()));
        };
        Err(AppError::invalid(Field::Key, problem))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a value is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotKept {
    /// All values together would be too large.
    TooLarge,
    /// There would be too many values.
    TooMany,
}

impl From<NotKept> for AppError {
    fn from(reason: NotKept) -> Self {
        match reason {
            NotKept::TooLarge => Self::invalid(Field::Value, Problem::TooMuch { max: Notes::MAX_BYTES }),
            NotKept::TooMany => Self::invalid(Field::Key, Problem::TooManyValues { max: Notes::MAX_VALUES }),
        }
    }
}

/// The values of the visitor's own.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Notes(BTreeMap<String, JsonText>);

impl Notes {
    /// The most that they may take together as JSON, in bytes. It leaves room in the session for what the app keeps.
    pub const MAX_BYTES: u32 = 1_000_000;

    /// The most values. The page has a form for each.
    pub const MAX_VALUES: u32 = 100;

    /// What a key takes besides its text, in bytes: its place in memory.
    const KEY_BYTES: usize = 100;

    /// The deepest nesting. What reads it elsewhere may not go deeper than 127 levels (serde_json), and has levels of its own.
    pub const MAX_DEPTH: u32 = 32;

    /// Reads what was typed: JSON where it is JSON, else text. What is a number alone is one only if it is written back as it was
    /// typed, so that none of `007`, `1.50` and a long card number is changed.
    ///
    /// # Errors
    ///
    /// [`AppError::Invalid`] for the field `value`: nothing was typed, or an object or array is broken or nested too deeply.
    pub fn read(typed: &str) -> Result<JsonText, AppError> {
        let wrong = |problem| AppError::invalid(Field::Value, problem);
        let text = typed.trim();
        if text.is_empty() {
            return Err(wrong(Problem::Missing));
        }
        if typed.len() > Self::MAX_BYTES as usize {
            return Err(NotKept::TooLarge.into());
        }
        if text.starts_with(['{', '[']) {
            let json = JsonText::parse(text).map_err(|_| wrong(Problem::NotJson))?;
            let is_deep = json.depth() > Self::MAX_DEPTH as usize;
            return if is_deep { Err(wrong(Problem::TooDeep { max: Self::MAX_DEPTH })) } else { Ok(json) };
        }
        let json = match serde_json::from_str(text) {
            Ok(Value::Number(number)) if number.to_string() != text => JsonText::string(typed),
            Ok(_) => JsonText::parse(text),
            Err(_) => JsonText::string(typed),
        };
        json.map_err(|_| AppError::Internal)
    }

    /// Keeps a value under a key, in place of the one that is there.
    ///
    /// # Errors
    ///
    /// [`NotKept`]: then nothing has changed.
    pub fn set(&mut self, key: &Key, value: JsonText) -> Result<(), NotKept> {
        if !self.0.contains_key(&key.0) && self.0.len() >= Self::MAX_VALUES as usize {
            return Err(NotKept::TooMany);
        }
        let before = self.0.insert(key.0.clone(), value);
        if self.size() <= Self::MAX_BYTES as usize {
            return Ok(());
        }
        match before {
            Some(before) => drop(self.0.insert(key.0.clone(), before)),
            None => drop(self.0.remove(&key.0)),
        }
        Err(NotKept::TooLarge)
    }

    /// Takes a value out. Returns whether it was there.
    pub fn remove(&mut self, key: &Key) -> bool {
        self.0.remove(&key.0).is_some()
    }

    /// The values by key, in alphabetical order.
    pub fn into_values(self) -> impl Iterator<Item = (String, JsonText)> {
        self.0.into_iter()
    }

    fn size(&self) -> usize {
        self.0.iter().map(|(key, value)| Self::KEY_BYTES + key.len() + value.as_str().len()).sum()
    }
}

/// A value with another one inside of it, for the change that sessions of other frameworks miss.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Pantry {
    /// How many there are of each fruit.
    pub fruit: BTreeMap<String, u32>,
}

impl Pantry {
    /// The fruit that is counted on the page.
    pub const PINEAPPLES: &str = "pineapples";
    /// The most of one fruit.
    pub const MOST: u32 = 1_000;

    /// Reads a number of pineapples.
    ///
    /// # Errors
    ///
    /// [`AppError::Invalid`] for the field `pineapples`.
    pub fn read(typed: &str) -> Result<u32, AppError> {
        let wrong = |problem| AppError::invalid(Field::Pineapples, problem);
        match typed.trim() {
            "" => Err(wrong(Problem::Missing)),
            text => match text.parse() {
                Ok(count) if count <= Self::MOST => Ok(count),
                Err(error) if !matches!(error.kind(), std::num::IntErrorKind::PosOverflow) => {
                    Err(wrong(Problem::NotANumber))
                }
                _ => Err(wrong(Problem::OutOfRange { min: 0, max: Self::MOST })),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn key(text: &str) -> Key {
        Key::parse(text).unwrap()
    }

    #[test]
    fn a_key_is_one_line_of_text() {
        assert_eq!(key(" e-mail address ").as_str(), "e-mail address");
        for (text, problem) in [
            ("", Problem::Missing),
            ("  \n", Problem::Missing),
            ("a\nb", Problem::NotOneLine),
            ("a\0", Problem::NotOneLine),
            (&"ä".repeat(65), Problem::TooLong { max: 64 }),
        ] {
            assert_eq!(Key::parse(text), Err(AppError::invalid(Field::Key, problem)), "{text:?}");
        }
        assert!(Key::parse(&"ä".repeat(64)).is_ok());
    }

    fn nested(levels: usize) -> String {
        format!("{}{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn what_is_json_is_read_as_json_and_all_else_as_text() {
        for (typed, value) in [
            ("42", json!(42)),
            ("-1.5", json!(-1.5)),
            ("true", json!(true)),
            ("null", json!(null)),
            ("\"42\"", json!("42")),
            (" {\"a\": [1, 2]} ", json!({ "a": [1, 2] })),
            ("ada@example.com", json!("ada@example.com")),
            (" two  words ", json!(" two  words ")),
            ("007", json!("007")),
            ("1.50", json!("1.50")),
            ("1e3", json!("1e3")),
            ("123456789012345678901234567890", json!("123456789012345678901234567890")),
            ("\"unfinished", json!("\"unfinished")),
        ] {
            let read = Notes::read(typed).unwrap();
            assert_eq!(serde_json::from_str::<Value>(read.as_str()).unwrap(), value, "{typed}");
        }
        assert!(Notes::read(&nested(32)).is_ok());
        for (typed, problem) in [
            (" ", Problem::Missing),
            ("{\"a\":", Problem::NotJson),
            ("[1, 2", Problem::NotJson),
            (&"[".repeat(500), Problem::NotJson),
            (&nested(33), Problem::TooDeep { max: 32 }),
            (&nested(127), Problem::TooDeep { max: 32 }),
        ] {
            assert_eq!(Notes::read(typed), Err(AppError::invalid(Field::Value, problem)), "{typed}");
        }
    }

    #[test]
    fn what_is_too_large_is_refused_and_changes_nothing() {
        let string = |text: &str| JsonText::string(text).unwrap();
        let mut notes = Notes::default();
        notes.set(&key("a"), string("old")).unwrap();
        let before = notes.clone();
        let large = string(&"x".repeat(1_000_000));
        assert_eq!(notes.set(&key("a"), large.clone()), Err(NotKept::TooLarge));
        assert_eq!(notes.set(&key("b"), large), Err(NotKept::TooLarge));
        assert_eq!(notes, before);
        notes.set(&key("b"), string(&"x".repeat(900_000))).unwrap();
        assert!(notes.remove(&key("b")) && !notes.remove(&key("b")));
        assert_eq!(notes, before);
    }

    #[test]
    fn a_value_is_stored_as_the_text_that_was_typed_and_refused_by_its_length() {
        let objects = format!("[{}]", vec!["{\"\":0}"; 120_000].join(","));
        assert_eq!(Notes::read(&objects).unwrap().as_str(), objects);
        let larger = format!("[{}]", vec!["{\"\":0}"; 145_000].join(","));
        let with_line_breaks = format!("x{}", "\n".repeat(1_000_000));
        for typed in [larger, with_line_breaks] {
            assert_eq!(Notes::read(&typed), Err(NotKept::TooLarge.into()));
        }
    }

    #[test]
    fn a_hundred_values_are_kept_and_no_more() {
        let mut notes = Notes::default();
        let value = Notes::read("1").unwrap();
        for number in 0..100 {
            notes.set(&key(&number.to_string()), value.clone()).unwrap();
        }
        let before = notes.clone();
        assert_eq!(notes.set(&key("100"), value.clone()), Err(NotKept::TooMany));
        assert_eq!(notes, before);
        notes.set(&key("99"), Notes::read("2").unwrap()).unwrap();
        assert!(notes.remove(&key("1")));
        notes.set(&key("100"), value).unwrap();
    }

    #[test]
    fn pineapples_are_counted_in_whole_numbers() {
        assert_eq!((Pantry::read("0"), Pantry::read(" 100 ")), (Ok(0), Ok(100)));
        let range = Problem::OutOfRange { min: 0, max: 1_000 };
        for (typed, problem) in [
            ("", Problem::Missing),
            ("many", Problem::NotANumber),
            ("-1", Problem::NotANumber),
            ("1.5", Problem::NotANumber),
            ("1001", range),
            ("99999999999999999999", range),
        ] {
            assert_eq!(Pantry::read(typed), Err(AppError::invalid(Field::Pineapples, problem)), "{typed}");
        }
    }

    proptest! {
        /// Text and numbers are there again as they were typed.
        #[test]
        fn text_and_numbers_stay_as_they_are_typed(typed in ".*") {
            let Ok(read) = Notes::read(&typed) else { return Ok(()) };
            match serde_json::from_str(read.as_str()).unwrap() {
                Value::String(text) if !typed.trim().starts_with('"') => prop_assert_eq!(text, typed),
                Value::Number(number) => prop_assert_eq!(number.to_string(), typed.trim()),
                _ => {}
            }
        }

        #[test]
        fn a_key_that_is_kept_is_a_key_again(text in "(?s).{0,70}") {
            if let Ok(key) = Key::parse(&text) {
                prop_assert_eq!(key.as_str(), text.trim());
                prop_assert!(key.as_str().chars().count() <= 64 && !key.as_str().contains(char::is_control));
                prop_assert_eq!(Key::parse(key.as_str()), Ok(key));
            }
        }

        /// The session keeps it as JSON in JSON: it must come back from there.
        #[test]
        fn a_value_that_is_kept_comes_back_from_the_store(typed in "(\\[|\\]|\\{|\\}|\"a\":|,|1|-0|1e9|\"[a\\\\u0]*\"|null| ){0,80}|(?s).{0,40}") {
            if let Ok(value) = Notes::read(&typed) {
                prop_assert!(value.depth() <= Notes::MAX_DEPTH as usize);
                let mut notes = Notes::default();
                notes.set(&key("a"), value).unwrap();
                let stored = serde_json::to_string(&notes).unwrap();
                prop_assert_eq!(serde_json::from_str::<Notes>(&stored).unwrap(), notes);
            }
        }

        #[test]
        fn what_is_nested_is_kept_up_to_the_limit_and_no_deeper(levels in 1..200_usize) {
            let kept = levels <= Notes::MAX_DEPTH as usize;
            prop_assert_eq!(Notes::read(&nested(levels)).is_ok(), kept);
            let objects = format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
            prop_assert_eq!(Notes::read(&objects).is_ok(), kept);
        }

        #[test]
        fn any_text_is_a_number_of_pineapples_or_refused(text in "[-+]?[0-9]{0,12}|(?s).{0,8}") {
            if let Ok(count) = Pantry::read(&text) {
                prop_assert!(count <= Pantry::MOST);
                prop_assert_eq!(Pantry::read(&count.to_string()), Ok(count));
            }
        }
    }
}
