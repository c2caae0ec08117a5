//! The values that a visitor can set: any values under any keys, and the number of pineapples.

use std::{collections::BTreeMap, num::IntErrorKind};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use web::error::{AppError, Invalid};

use super::JsonText;

/// The key of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    const MAX_CHARS: u32 = 64;

    /// Parses a text of one line, without the white space around it.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let key = text.trim();
        if key.is_empty() {
            Err(Invalid::MISSING)
        } else if key.chars().any(char::is_control) {
            Err(Invalid::NOT_ONE_LINE)
        } else if key.chars().count() > Self::MAX_CHARS as usize {
            Err(Invalid::too_long(Self::MAX_CHARS))
        } else {
            Ok(Self(key.to_owned()))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The values of a visitor, by key.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Notes(pub BTreeMap<String, JsonText>);

impl Notes {
    /// The largest size of all values as JSON, in bytes. It leaves room in the session for values of the app.
    const MAX_BYTES: usize = 1_000_000;
    const TOO_LARGE: Invalid = Invalid::new("Your values would take more than 1 MB together.");

    /// The page has a form for each value.
    const MAX_VALUES: usize = 100;
    const TOO_MANY: Invalid = Invalid::new("You can store at most 100 values. Please remove one first.");

    /// serde_json reads at most 127 levels, including those around the value.
    const MAX_DEPTH: usize = 32;
    const TOO_DEEP: Invalid = Invalid::new("Please nest lists and objects at most 32 levels deep.");

    const NOT_JSON: Invalid =
        Invalid::new("This is not valid JSON. Please check brackets, quotes and commas.");

    /// The memory that a key takes besides its text, in bytes.
    const KEY_BYTES: usize = 100;

    /// Parses JSON if the text is JSON, else takes it as text. A number that JSON writes in another way is text, so that `007`, `1.50` and
    /// long card numbers are not changed.
    pub fn parse(typed: &str) -> Result<JsonText, Invalid> {
        let text = typed.trim();
        if text.is_empty() {
            return Err(Invalid::MISSING);
        }
        if typed.len() > Self::MAX_BYTES {
            return Err(Self::TOO_LARGE);
        }
        let is_json = text.starts_with(['{', '['])
            || match serde_json::from_str(text) {
                Ok(Value::Number(number)) => number.to_string() == text,
                parsed => parsed.is_ok(),
            };
        let json = if is_json { JsonText::parse(text) } else { JsonText::string(typed) };
        let json = json.map_err(|_| Self::NOT_JSON)?;
        if json.depth() > Self::MAX_DEPTH { Err(Self::TOO_DEEP) } else { Ok(json) }
    }

    /// Sets a value. Changes nothing if the values would be too many or too large.
    pub fn set(&mut self, key: &Key, value: JsonText) -> Result<(), AppError> {
        let others = self.0.iter().filter(|(other, _)| **other != key.0);
        let (mut count, mut size) = (1, Self::size(&key.0, &value));
        for (key, value) in others {
            count += 1;
            size += Self::size(key, value);
        }
        if count > Self::MAX_VALUES {
            return Err(Self::TOO_MANY.for_field("key"));
        }
        if size > Self::MAX_BYTES {
            return Err(Self::TOO_LARGE.for_field("value"));
        }
        self.0.insert(key.0.clone(), value);
        Ok(())
    }

    /// Removes a value. Returns whether there was one.
    pub fn remove(&mut self, key: &Key) -> bool {
        self.0.remove(&key.0).is_some()
    }

    fn size(key: &str, value: &JsonText) -> usize {
        Self::KEY_BYTES + key.len() + value.as_str().len()
    }
}

/// A nested value, for a change that sessions of many frameworks do not detect.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Pantry {
    /// The number of each fruit.
    pub fruit: BTreeMap<String, u32>,
}

impl Pantry {
    pub const PINEAPPLES: &str = "pineapples";
    const MAX: u32 = 1_000;

    /// Parses a number of pineapples.
    pub fn parse(typed: &str) -> Result<u32, Invalid> {
        let out_of_range = Invalid::out_of_range(0, Self::MAX);
        match typed.trim().parse::<u32>() {
            Ok(count @ ..=Self::MAX) => Ok(count),
            Ok(_) => Err(out_of_range),
            Err(error) => match error.kind() {
                IntErrorKind::Empty => Err(Invalid::MISSING),
                IntErrorKind::PosOverflow => Err(out_of_range),
                _ => Err(Invalid::NOT_A_NUMBER),
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
            assert_eq!(Key::parse(text), Err(invalid), "{text:?}");
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
            (&nested(33), Notes::TOO_DEEP),
            (&nested(127), Notes::TOO_DEEP),
        ] {
            assert_eq!(Notes::parse(typed), Err(invalid), "{typed}");
        }
    }

    #[test]
    fn a_too_large_value_changes_nothing() {
        let string = |text: &str| JsonText::string(text).unwrap();
        let mut notes = Notes::default();
        notes.set(&key("a"), string("old")).unwrap();
        let before = notes.clone();
        let large = string(&"x".repeat(1_000_000));
        assert_eq!(notes.set(&key("a"), large.clone()), Err(Notes::TOO_LARGE.for_field("value")));
        assert_eq!(notes.set(&key("b"), large), Err(Notes::TOO_LARGE.for_field("value")));
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
            assert_eq!(Notes::parse(&typed), Err(Notes::TOO_LARGE));
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
        assert_eq!(notes.set(&key("100"), value.clone()), Err(Notes::TOO_MANY.for_field("key")));
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
            assert_eq!(Pantry::parse(typed), Err(invalid), "{typed}");
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
                prop_assert!(value.depth() <= Notes::MAX_DEPTH);
                let mut notes = Notes::default();
                notes.set(&key("a"), value).unwrap();
                let stored = serde_json::to_string(&notes).unwrap();
                prop_assert_eq!(serde_json::from_str::<Notes>(&stored).unwrap(), notes);
            }
        }

        #[test]
        fn nesting_is_limited(levels in 1..200_usize) {
            let is_allowed = levels <= Notes::MAX_DEPTH;
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
