//! The rules for names, values and ages of cookies.

use std::num::IntErrorKind;

use web::error::Invalid;

/// The prefix of every cookie that is set here. The name is not enough, because another app may have set a cookie of the same name.
pub(super) const MARK: &str = "lab:";
/// The prefix of signed values, which distinguishes a changed one from a plain one.
pub(super) const SIGNED: &str = "s:";
/// Browsers drop cookies whose names have these prefixes, unless they meet conditions (RFC 6265bis, 4.1.3).
const RESERVED: [&str; 3] = ["__Host-", "__Secure-", "__Http-"];

/// The name of a cookie: a token (RFC 6265, 4.1.1; RFC 7230, 3.2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieName(String);

impl CookieName {
    const MAX_CHARS: u32 = 64;

    pub(super) const SESSION_COOKIE: Invalid =
        Invalid::new("This is the session\u{2019}s own cookie, which cannot be changed here.");
    const RESERVED: Invalid =
        Invalid::new("Browsers have special rules for names with this prefix. Please choose another name.");
    const NOT_A_TOKEN: Invalid =
        Invalid::new("Please use only letters, digits and these characters: ! # $ % & ' * + - . ^ _ ` | ~");

    /// Parses a name. Refuses that of the session's cookie, with any reserved prefix and without.
    pub fn parse(text: &str, session_cookie: &str) -> Result<Self, Invalid> {
        let rest = without_prefix(text);
        match text {
            "" => Err(Invalid::MISSING),
            _ if rest == without_prefix(session_cookie) => Err(Self::SESSION_COOKIE),
            _ if rest != text => Err(Self::RESERVED),
            _ if !text.bytes().all(is_token) => Err(Self::NOT_A_TOKEN),
            _ if text.len() > Self::MAX_CHARS as usize => Err(Invalid::too_long(Self::MAX_CHARS)),
            _ => Ok(Self(text.to_owned())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Browsers ignore the case of the prefix.
fn without_prefix(name: &str) -> &str {
    let rest = RESERVED.iter().find_map(|prefix| {
        let (start, rest) = name.split_at_checked(prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then_some(rest)
    });
    rest.unwrap_or(name)
}

/// The value of a cookie: `cookie-octet`s without quotes around them (RFC 6265, 4.1.1), or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieValue {
    /// Without prefixes.
    pub text: String,
    pub signed: bool,
}

impl CookieValue {
    /// With name, signature and attributes a cookie stays below the 4,096 bytes that browsers accept.
    const MAX_CHARS: u32 = 1_000;

    const NOT_OCTETS: Invalid = Invalid::new(
        "Please use only ASCII characters, without spaces, quotes, commas, semicolons and backslashes. \
         Encode others, for example a space as %20.",
    );
    const LOOKS_SIGNED: Invalid = Invalid::new(
        "Only signed values begin with s: here. Please sign the cookie, or choose another value.",
    );

    pub fn parse(text: &str, signed: bool) -> Result<Self, Invalid> {
        match text {
            _ if !text.bytes().all(is_octet) => Err(Self::NOT_OCTETS),
            _ if text.len() > Self::MAX_CHARS as usize => Err(Invalid::too_long(Self::MAX_CHARS)),
            _ if !signed && text.starts_with(SIGNED) => Err(Self::LOOKS_SIGNED),
            _ => Ok(Self { text: text.to_owned(), signed }),
        }
    }
}

fn is_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)
}

/// 400 days, in seconds: browsers store cookies no longer (RFC 6265bis, 5.5).
pub(super) const MAX_AGE: u32 = 34_560_000;

const USE_DELETE: Invalid =
    Invalid::new("This would delete the cookie. Please use \u{201c}Delete\u{201d} for that.");

/// Parses how long a browser stores a cookie, in seconds. An empty text means until the browser closes.
pub fn parse_max_age(text: &str) -> Result<Option<i64>, Invalid> {
    let out_of_range = Invalid::out_of_range(1, MAX_AGE);
    match text.trim().parse::<i64>() {
        Ok(..=0) => Err(USE_DELETE),
        Ok(seconds) if seconds <= MAX_AGE.into() => Ok(Some(seconds)),
        Ok(_) => Err(out_of_range),
        Err(error) => match error.kind() {
            IntErrorKind::Empty => Ok(None),
            IntErrorKind::PosOverflow => Err(out_of_range),
            IntErrorKind::NegOverflow => Err(USE_DELETE),
            _ => Err(Invalid::NOT_A_NUMBER),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Result<String, Invalid> {
        CookieName::parse(text, "id").map(|name| name.0)
    }

    #[test]
    fn a_name_is_a_token() {
        for text in ["fruit", "a", "9", "!#$%&'*+-.^_`|~", "ID", "__host", &"n".repeat(64)] {
            assert_eq!(name(text).as_deref(), Ok(text));
        }
        let all = (0..=255_u8).map(char::from).filter(|char| name(&char.to_string()).is_ok());
        // RFC 7230, 3.2.6.
        let tokens = "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~";
        assert_eq!(all.collect::<String>(), tokens);
        for text in ["a b", " a", "a=b", "a;b", "a,b", "\"a\"", "caf\u{e9}", "a\r\nb", "a\0", "\u{1f392}"] {
            assert_eq!(name(text), Err(CookieName::NOT_A_TOKEN), "{text:?}");
        }
        assert_eq!(name(""), Err(Invalid::MISSING));
        assert_eq!(name(&"n".repeat(65)), Err(Invalid::too_long(64)));
    }

    /// Security: 3.3.3
    #[test]
    fn refuses_the_name_of_the_session_with_any_prefix() {
        for session in ["id", "__Host-id"] {
            for text in ["id", "__Host-id", "__host-id", "__Secure-id"] {
                assert_eq!(CookieName::parse(text, session), Err(CookieName::SESSION_COOKIE), "{text}");
            }
        }
    }

    /// Security: 3.3.3
    #[test]
    fn refuses_reserved_names() {
        for text in ["__Host-a", "__Secure-a", "__Http-a", "__HOST-", "__secure-\u{e9}", "__Host-Http-a"] {
            assert_eq!(name(text), Err(CookieName::RESERVED), "{text}");
        }
    }

    #[test]
    fn a_value_consists_of_cookie_octets() {
        for text in ["", "plum", "a=b:c/d?e", "%20", "S:x", "lab:x", &"v".repeat(1_000)] {
            let value = CookieValue::parse(text, false).unwrap();
            assert_eq!(value.text, text);
        }
        let all =
            (0..=255_u8).map(char::from).filter(|char| CookieValue::parse(&char.to_string(), false).is_ok());
        // RFC 6265, 4.1.1.
        let octets = [0x21..=0x21, 0x23..=0x2b, 0x2d..=0x3a, 0x3c..=0x5b, 0x5d..=0x7e_u8];
        assert_eq!(all.collect::<String>(), octets.into_iter().flatten().map(char::from).collect::<String>());
        assert_eq!(CookieValue::parse(&"v".repeat(1_001), true), Err(Invalid::too_long(1_000)));
    }

    #[test]
    fn a_plain_value_must_not_look_signed() {
        assert_eq!(CookieValue::parse("s:plum", false), Err(CookieValue::LOOKS_SIGNED));
        assert!(CookieValue::parse("s:plum", true).is_ok());
    }

    #[test]
    fn an_age_is_a_number_of_seconds_up_to_400_days() {
        for (text, seconds) in
            [("1", 1), (" 3600 ", 3_600), ("+60", 60), ("007", 7), ("34560000", 34_560_000)]
        {
            assert_eq!(parse_max_age(text), Ok(Some(seconds)), "{text}");
        }
        for text in ["", "  "] {
            assert_eq!(parse_max_age(text), Ok(None));
        }
        for text in ["0", "-1", "-0", "+0", "-99999999999999999999"] {
            assert_eq!(parse_max_age(text), Err(USE_DELETE), "{text}");
        }
        for text in ["34560001", "4294967297", "99999999999999999999"] {
            assert_eq!(parse_max_age(text), Err(Invalid::out_of_range(1, MAX_AGE)), "{text}");
        }
        for text in ["an hour", "1.5", "1e3", "-", "+", "--1", "\u{0663}", "1 000"] {
            assert_eq!(parse_max_age(text), Err(Invalid::NOT_A_NUMBER), "{text}");
        }
    }

    proptest! {
        #[test]
        fn accepted_texts_are_safe_in_a_header(text in any::<String>(), signed: bool) {
            if let Ok(name) = CookieName::parse(&text, "id") {
                prop_assert!(name.as_str() == text && text.bytes().all(|byte| byte.is_ascii_graphic()));
            }
            if let Ok(value) = CookieValue::parse(&text, signed) {
                prop_assert!(value.text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';'));
            }
            if let Ok(Some(age)) = parse_max_age(&text) {
                prop_assert!((1..=MAX_AGE.into()).contains(&age));
            }
        }
    }
}
