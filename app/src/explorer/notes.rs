//! The values that a visitor can set: any values under any keys, and the number of pineapples.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use web::error::{AppError, Invalid};

use super::JsonText;

/// The key of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The longest key, in characters.
    pub const MAX_CHARS: u32 = 64;

    /// Parses a text of one line, without the white space around it.
    ///
    /// # Errors
    ///
    /// [`AppError::Invalid`] for the field `key`.
    pub fn parse(text: &str) -> Result<Self, AppError> {
        let key = text.trim();
        let invalid = if key.is_empty() {
            Invalid::MISSING
        } else if key.chars().any(char::is_control) {
            Invalid::NOT_ONE_LINE
        } else if key.chars().count() > Self::MAX_CHARS as usize {
            Invalid::too_long(Self::MAX_CHARS)
        } else {
            return Ok(Self(key.to_owned()));
        };
        Err(invalid.for_field("key"))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a value is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotesError {
    /// All values together would be too large.
    TooLarge,
    /// There would be too many values.
    TooMany,
}

impl From<NotesError> for AppError {
    fn from(error: NotesError) -> Self {
        match error {
            NotesError::TooLarge => {
                let max = Notes::MAX_BYTES / 1_000_000;
                Invalid(format!("Your values would take more than {max} MB together.").into())
                    .for_field("value")
            }
            NotesError::TooMany => {
                let max = Notes::MAX_VALUES;
                Invalid(format!("You can store at most {max} values. Please remove one first.").into())
                    .for_field("key")
            }
        }
    }
}

/// The values of a visitor.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Notes(BTreeMap<String, JsonText>);

impl Notes {
    /// The largest size of all values as JSON, in bytes. It leaves room in the session for values of the app.
    pub const MAX_BYTES: u32 = 1_000_000;

    /// The most values. The page has a form for each.
    pub const MAX_VALUES: u32 = 100;

    /// What a key takes in memory besides its text, in bytes.
    const KEY_BYTES: usize = 100;

    /// The deepest nesting. serde_json reads at most 127 levels, including those around the value.
    pub const MAX_DEPTH: u32 = 32;

    const NOT_JSON: Invalid =
        Invalid::new("This is not valid JSON. Please check brackets, quotes and commas.");

    /// Parses JSON if the text is JSON, else takes it as text. A number is taken as text unless it is written exactly as JSON would write it,
    /// so that `007`, `1.50` and long card numbers are not changed.
    ///
    /// # Errors
    ///
    /// [`AppError::Invalid`] for the field `value`, if it is empty, too large, or a broken or too deeply nested object or array.
    pub fn parse(typed: &str) -> Result<JsonText, AppError> {
        let wrong = |invalid: Invalid| invalid.for_field("value");
        let text = typed.trim();
        if text.is_empty() {
            return Err(wrong(Invalid::MISSING));
        }
        if typed.len() > Self::MAX_BYTES as usize {
            return Err(NotesError::TooLarge.into());
        }
        if text.starts_with(['{', '[']) {
            let json = JsonText::parse(text).map_err(|_| wrong(Self::NOT_JSON))?;
            let is_deep = json.depth() > Self::MAX_DEPTH as usize;
            return if is_deep { Err(wrong(Self::too_deep())) } else { Ok(json) };
        }
        let json = match serde_json::from_str(text) {
            Ok(Value::Number(number)) if number.to_string() != text => JsonText::string(typed),
            Ok(_) => JsonText::parse(text),
            Err(_) => JsonText::string(typed),
        };
        json.map_err(|_| AppError::Internal)
    }

    fn too_deep() -> Invalid {
        Invalid(format!("Please nest lists and objects at most {} levels deep.", Self::MAX_DEPTH).into())
    }

    /// Sets a value.
    ///
    /// # Errors
    ///
    /// [`NotesError`]; then nothing has changed.
    pub fn set(&mut self, key: &Key, value: JsonText) -> Result<(), NotesError> {
        if !self.0.contains_key(&key.0) && self.0.len() >= Self::MAX_VALUES as usize {
            return Err(NotesError::TooMany);
        }
        let before = self.0.insert(key.0.clone(), value);
        if self.size() <= Self::MAX_BYTES as usize {
            return Ok(());
        }
        match before {
            Some(before) => drop(self.0.insert(key.0.clone(), before)),
            None => drop(self.0.remove(&key.0)),
        }
        Err(NotesError::TooLarge)
    }

    /// Removes a value. Returns whether there was one.
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

/// A nested value, for a change that sessions of many frameworks do not detect.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Pantry {
    /// The number of each fruit.
    pub fruit: BTreeMap<String, u32>,
}

impl Pantry {
    /// The fruit on the page.
    pub const PINEAPPLES: &str = "pineapples";
    /// The most of one fruit.
    pub const MAX: u32 = 1_000;

    /// Parses a number of pineapples.
    ///
    /// # Errors
    ///
    /// [`AppError::Invalid`] for the field `pineapples`.
    pub fn parse(typed: &str) -> Result<u32, AppError> {
        let wrong = |invalid: Invalid| invalid.for_field("pineapples");
        match typed.trim() {
            "" => Err(wrong(Invalid::MISSING)),
            text => match text.parse() {
                Ok(count) if count <= Self::MAX => Ok(count),
                Err(error) if !matches!(error.kind(), std::num::IntErrorKind::PosOverflow) => {
                    Err(wrong(Invalid::NOT_A_NUMBER))
                }
                _ => Err(wrong(Invalid::out_of_range(0, Self::MAX))),
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
    fn a_key_is_a_line_of_text() {
        assert_eq!(key(" e-mail address ").as_str(), "e-mail address");
        for (text, invalid) in [
            ("", Invalid::MISSING),
            ("  \n", Invalid::MISSING),
            ("a\nb", Invalid::NOT_ONE_LINE),
            ("a\0", Invalid::NOT_ONE_LINE),
            (&"ä".repeat(65), Invalid::too_long(64)),
        ] {
            assert_eq!(Key::parse(text), Err(invalid.for_field("key")), "{text:?}");
        }
        assert!(Key::parse(&"ä".repeat(64)).is_ok());
    }

    fn nested(levels: usize) -> String {
        format!("{}{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn json_is_parsed_and_any_other_text_is_text() {
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
            let read = Notes::parse(typed).unwrap();
            assert_eq!(serde_json::from_str::<Value>(read.as_str()).unwrap(), value, "{typed}");
        }
        assert!(Notes::parse(&nested(32)).is_ok());
        for (typed, invalid) in [
            (" ", Invalid::MISSING),
            ("{\"a\":", Notes::NOT_JSON),
            ("[1, 2", Notes::NOT_JSON),
            (&"[".repeat(500), Notes::NOT_JSON),
            (&nested(33), Notes::too_deep()),
            (&nested(127), Notes::too_deep()),
        ] {
            assert_eq!(Notes::parse(typed), Err(invalid.for_field("value")), "{typed}");
        }
    }

    #[test]
    fn a_too_large_value_changes_nothing() {
        let string = |text: &str| JsonText::string(text).unwrap();
        let mut notes = Notes::default();
        notes.set(&key("a"), string("old")).unwrap();
        let before = notes.clone();
        let large = string(&"x".repeat(1_000_000));
        assert_eq!(notes.set(&key("a"), large.clone()), Err(NotesError::TooLarge));
        assert_eq!(notes.set(&key("b"), large), Err(NotesError::TooLarge));
        assert_eq!(notes, before);
        notes.set(&key("b"), string(&"x".repeat(900_000))).unwrap();
        assert!(notes.remove(&key("b")) && !notes.remove(&key("b")));
        assert_eq!(notes, before);
    }

    #[test]
    fn a_value_is_measured_as_text() {
        let objects = format!("[{}]", vec!["{\"\":0}"; 120_000].join(","));
        assert_eq!(Notes::parse(&objects).unwrap().as_str(), objects);
        let larger = format!("[{}]", vec!["{\"\":0}"; 145_000].join(","));
        let with_line_breaks = format!("x{}", "\n".repeat(1_000_000));
        for typed in [larger, with_line_breaks] {
            assert_eq!(Notes::parse(&typed), Err(NotesError::TooLarge.into()));
        }
    }

    #[test]
    fn stores_at_most_a_hundred_values() {
        let mut notes = Notes::default();
        let value = Notes::parse("1").unwrap();
        for number in 0..100 {
            notes.set(&key(&number.to_string()), value.clone()).unwrap();
        }
        let before = notes.clone();
        assert_eq!(notes.set(&key("100"), value.clone()), Err(NotesError::TooMany));
        assert_eq!(notes, before);
        notes.set(&key("99"), Notes::parse("2").unwrap()).unwrap();
        assert!(notes.remove(&key("1")));
        notes.set(&key("100"), value).unwrap();
    }

    #[test]
    fn the_number_of_pineapples_is_a_whole_number() {
        assert_eq!((Pantry::parse("0"), Pantry::parse(" 100 ")), (Ok(0), Ok(100)));
        let range = || Invalid::out_of_range(0, 1_000);
        for (typed, invalid) in [
            ("", Invalid::MISSING),
            ("many", Invalid::NOT_A_NUMBER),
            ("-1", Invalid::NOT_A_NUMBER),
            ("1.5", Invalid::NOT_A_NUMBER),
            ("1001", range()),
            ("99999999999999999999", range()),
        ] {
            assert_eq!(Pantry::parse(typed), Err(invalid.for_field("pineapples")), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn text_and_numbers_are_not_changed(typed in ".*") {
            let Ok(read) = Notes::parse(&typed) else { return Ok(()) };
            match serde_json::from_str(read.as_str()).unwrap() {
                Value::String(text) if !typed.trim().starts_with('"') => prop_assert_eq!(text, typed),
                Value::Number(number) => prop_assert_eq!(number.to_string(), typed.trim()),
                _ => {}
            }
        }

        #[test]
        fn a_parsed_key_is_parsed_again(text in "(?s).{0,70}") {
            if let Ok(key) = Key::parse(&text) {
                prop_assert_eq!(key.as_str(), text.trim());
                prop_assert!(key.as_str().chars().count() <= 64 && !key.as_str().contains(char::is_control));
                prop_assert_eq!(Key::parse(key.as_str()), Ok(key));
            }
        }

        #[test]
        fn any_value_survives_the_store(typed in "(\\[|\\]|\\{|\\}|\"a\":|,|1|-0|1e9|\"[a\\\\u0]*\"|null| ){0,80}|(?s).{0,40}") {
            if let Ok(value) = Notes::parse(&typed) {
                prop_assert!(value.depth() <= Notes::MAX_DEPTH as usize);
                let mut notes = Notes::default();
                notes.set(&key("a"), value).unwrap();
                let stored = serde_json::to_string(&notes).unwrap();
                prop_assert_eq!(serde_json::from_str::<Notes>(&stored).unwrap(), notes);
            }
        }

        #[test]
        fn nesting_is_limited(levels in 1..200_usize) {
            let is_allowed = levels <= Notes::MAX_DEPTH as usize;
            prop_assert_eq!(Notes::parse(&nested(levels)).is_ok(), is_allowed);
            let objects = format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
            prop_assert_eq!(Notes::parse(&objects).is_ok(), is_allowed);
        }

        #[test]
        fn a_parsed_number_of_pineapples_is_in_range(text in "[-+]?[0-9]{0,12}|(?s).{0,8}") {
            if let Ok(count) = Pantry::parse(&text) {
                prop_assert!(count <= Pantry::MAX);
                prop_assert_eq!(Pantry::parse(&count.to_string()), Ok(count));
            }
        }
    }
}
