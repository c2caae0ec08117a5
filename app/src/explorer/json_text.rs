//! JSON that is stored as text. Parsed into values, a list of small objects would take 100 times as much memory.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

/// A JSON value as text.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct JsonText(Box<RawValue>);

impl PartialEq for JsonText {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl JsonText {
    /// Checks that a text is JSON. White space around it is dropped.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Self)
    }

    /// A text as a JSON string. Never fails.
    pub fn string(text: &str) -> Result<Self, serde_json::Error> {
        to_raw_value(text).map(Self)
    }

    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The depth of nested lists and objects.
    pub fn depth(&self) -> usize {
        let (mut depth, mut deepest) = (0_usize, 0);
        for token in tokens(self.as_str()) {
            match token {
                "[" | "{" => depth += 1,
                "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            deepest = deepest.max(depth);
        }
        deepest
    }

    /// The value with line breaks and indentation; its beginning and an ellipsis if that takes more than about `max` bytes.
    pub fn pretty(&self, max: usize) -> String {
        let (mut pretty, mut depth, mut is_new) = (String::new(), 0_usize, false);
        for token in tokens(self.as_str()) {
            let closes = matches!(token, "]" | "}");
            if closes {
                depth = depth.saturating_sub(1);
            }
            // An empty list or object stays on one line.
            if closes != is_new {
                pretty.push('\n');
                pretty.extend(std::iter::repeat_n("  ", depth));
            }
            is_new = matches!(token, "[" | "{" | ",");
            if matches!(token, "[" | "{") {
                depth += 1;
            }
            let room = max.saturating_sub(pretty.len());
            if token.len() > room {
                pretty += &token[..token.floor_char_boundary(room)];
                return pretty + " \u{2026}";
            }
            pretty += token;
            if token == ":" {
                pretty.push(' ');
            }
        }
        pretty
    }
}

/// The tokens of a JSON text without white space: brackets, commas, colons, strings and other values.
fn tokens(json: &str) -> impl Iterator<Item = &str> {
    let mut rest = json;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let length = match rest.bytes().next()? {
            b'"' => string_length(rest),
            b'[' | b']' | b'{' | b'}' | b',' | b':' => 1,
            _ => rest.find([',', ']', '}', ' ', '\t', '\r', '\n']).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        Some(token)
    })
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn text(json: &str) -> JsonText {
        JsonText::parse(json).unwrap()
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        for (json, depth) in [("1", 0), ("[]", 1), (r#"{"a":[1,{"b":[]}]}"#, 4), (r#"["[[[\"[[",[]]"#, 2)] {
            assert_eq!(text(json).depth(), depth, "{json}");
        }
    }

    #[test]
    fn a_value_is_indented() {
        let json = r#" {"a":[1, 2],"b":{}, "c":"x: [,]\\"} "#;
        assert_eq!(
            text(json).pretty(1_000),
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": \"x: [,]\\\\\"\n}"
        );
    }

    #[test]
    fn a_long_value_is_cut() {
        let long = |text: String, max| JsonText::string(&text).unwrap().pretty(max);
        assert_eq!(long("a".repeat(18), 20).len(), 20);
        assert_eq!(long("a".repeat(19), 20), format!("\"{} \u{2026}", "a".repeat(19)));
        // Characters of two bytes: one that would be cut in half is left out.
        assert_eq!(long("\u{e4}".repeat(50), 20), format!("\"{} \u{2026}", "\u{e4}".repeat(9)));
    }

    proptest! {
        #[test]
        fn indented_json_is_the_same_json(json in "(\\[|\\]|\\{|\\}|\"a\":|,|1|-0|1e9|true|\"[a\\\\u0\\]]*\"|null| ){0,80}") {
            if let Ok(value) = serde_json::from_str::<Value>(&json) {
                let text = JsonText::parse(&json).unwrap();
                prop_assert_eq!(&serde_json::from_str::<Value>(&text.pretty(usize::MAX)).unwrap(), &value);
                prop_assert!(text.pretty(10).len() < 20);
            }
        }
    }
}
