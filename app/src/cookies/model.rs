//! What a cookie may be called and hold, and how long it may stay.

use crate::error::Problem;

/// Begins the text of every cookie that is set here. Only the text can tell that: a name can be used by several cookies, of which
/// another app has set one.
pub(super) const MARK: &str = "lab:";
/// Follows the mark of every signed cookie, so that a changed one is told from a plain one.
pub(super) const SIGNED: &str = "s:";
/// Browsers take names that begin so under conditions only, and drop the cookie without a word (RFC 6265bis, 4.1.3).
const RESERVED: [&str; 3] = ["__Host-", "__Secure-", "__Http-"];

/// What a cookie is called: a token (RFC 6265, 4.1.1; RFC 7230, 3.2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieName(String);

impl CookieName {
    /// The most characters.
    pub const MAX_CHARS: u32 = 64;

    /// Takes every name but those that browsers keep for themselves, and that of the session's cookie, which is
    /// `session_cookie` with any such prefix or none.
    ///
    /// # Errors
    ///
    /// [`Problem::Missing`], [`Problem::SessionCookie`], [`Problem::ReservedName`], [`Problem::NotAToken`] and
    /// [`Problem::TooLong`].
    pub fn parse(text: &str, session_cookie: &str) -> Result<Self, Problem> {
        let max = Self::MAX_CHARS;
        match text {
            "" => Err(Problem::Missing),
            _ if is_session_cookie(text, session_cookie) => Err(Problem::SessionCookie),
            _ if without_prefix(text) != text => Err(Problem::ReservedName),
            _ if !text.bytes().all(is_token) => Err(Problem::NotAToken),
            _ if !u32::try_from(text.len()).is_ok_and(|chars| chars <= max) => Err(Problem::TooLong { max }),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Browsers read the prefix in capitals and in small letters.
fn without_prefix(name: &str) -> &str {
    let rest = RESERVED.iter().find_map(|prefix| {
        let (start, rest) = name.split_at_checked(prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then_some(rest)
    });
    rest.unwrap_or(name)
}

fn is_session_cookie(name: &str, session_cookie: &str) -> bool {
    without_prefix(name) == without_prefix(session_cookie)
}

/// What a cookie is to hold: `cookie-octet`s without quotes around them (RFC 6265, 4.1.1), or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieValue {
    text: String,
    signed: bool,
}

impl CookieValue {
    /// The most characters: with name, signature and attributes the cookie stays far below the 4,096 bytes that browsers take.
    pub const MAX_CHARS: u32 = 1_000;

    /// Takes a value for a signed or for a plain cookie. A plain one must not look signed.
    ///
    /// # Errors
    ///
    /// [`Problem::NotACookieValue`], [`Problem::TooLong`] and [`Problem::LooksSigned`].
    pub fn parse(text: &str, signed: bool) -> Result<Self, Problem> {
        let max = Self::MAX_CHARS;
        match text {
            _ if !text.bytes().all(is_octet) => Err(Problem::NotACookieValue),
            _ if !u32::try_from(text.len()).is_ok_and(|chars| chars <= max) => Err(Problem::TooLong { max }),
            _ if !signed && text.starts_with(SIGNED) => Err(Problem::LooksSigned),
            _ => Ok(Self { text: text.to_owned(), signed }),
        }
    }

    /// The text that travels, with the lab's mark; `sign` puts a full stop and a signature behind a value.
    #[must_use]
    pub fn text(&self, sign: impl FnOnce(&str) -> String) -> String {
        let text = &self.text;
        if self.signed { format!("{MARK}{SIGNED}{}", sign(text)) } else { format!("{MARK}{text}") }
    }
}

fn is_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)
}

/// How long a browser keeps a cookie, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxAge(u32);

impl MaxAge {
    /// 400 days: browsers keep no cookie for longer (RFC 6265bis, 5.5).
    pub const MAX: u32 = 34_560_000;

    /// Reads a number of seconds; nothing means until the browser closes.
    ///
    /// # Errors
    ///
    /// [`Problem::NotANumber`], [`Problem::OutOfRange`] and, for what would delete the cookie, [`Problem::UseDelete`].
    pub fn parse(text: &str) -> Result<Option<Self>, Problem> {
        let text = text.trim();
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        if text.is_empty() {
            return Ok(None);
        }
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Problem::NotANumber);
        }
        if text.starts_with('-') || digits.bytes().all(|digit| digit == b'0') {
            return Err(Problem::UseDelete);
        }
        let seconds = digits.parse().ok().filter(|seconds| *seconds <= Self::MAX);
        seconds.map(|seconds| Some(Self(seconds))).ok_or(Problem::OutOfRange { min: 1, max: Self::MAX })
    }

    /// The seconds.
    #[must_use]
    pub fn seconds(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Result<String, Problem> {
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
            assert_eq!(name(text), Err(Problem::NotAToken), "{text:?}");
        }
        assert_eq!(name(""), Err(Problem::Missing));
        assert_eq!(name(&"n".repeat(65)), Err(Problem::TooLong { max: 64 }));
    }

    #[test]
    fn the_sessions_name_is_refused_with_any_prefix_or_none() {
        for session in ["id", "__Host-id"] {
            for text in ["id", "__Host-id", "__host-id", "__Secure-id"] {
                assert_eq!(CookieName::parse(text, session), Err(Problem::SessionCookie), "{text}");
            }
        }
    }

    #[test]
    fn names_that_browsers_keep_for_themselves_are_refused() {
        for text in ["__Host-a", "__Secure-a", "__Http-a", "__HOST-", "__secure-\u{e9}", "__Host-Http-a"] {
            assert_eq!(name(text), Err(Problem::ReservedName), "{text}");
        }
    }

    #[test]
    fn a_value_is_made_of_cookie_octets() {
        for text in ["", "plum", "a=b:c/d?e", "%20", "S:x", "lab:x", &"v".repeat(1_000)] {
            let value = CookieValue::parse(text, false).unwrap();
            assert_eq!(value.text(|_| String::new()), format!("lab:{text}"));
        }
        let all =
            (0..=255_u8).map(char::from).filter(|char| CookieValue::parse(&char.to_string(), false).is_ok());
        // RFC 6265, 4.1.1.
        let octets = [0x21..=0x21, 0x23..=0x2b, 0x2d..=0x3a, 0x3c..=0x5b, 0x5d..=0x7e_u8];
        assert_eq!(all.collect::<String>(), octets.into_iter().flatten().map(char::from).collect::<String>());
        assert_eq!(CookieValue::parse(&"v".repeat(1_001), true), Err(Problem::TooLong { max: 1_000 }));
    }

    #[test]
    fn a_plain_value_must_not_look_signed_and_a_signed_one_is_marked() {
        assert_eq!(CookieValue::parse("s:plum", false), Err(Problem::LooksSigned));
        let signed = CookieValue::parse("s:plum", true).unwrap();
        assert_eq!(signed.text(|value| format!("{value}.signature")), "lab:s:s:plum.signature");
    }

    #[test]
    fn an_age_is_a_number_of_seconds_up_to_400_days_or_nothing() {
        for (text, seconds) in
            [("1", 1), (" 3600 ", 3_600), ("+60", 60), ("007", 7), ("34560000", 34_560_000)]
        {
            assert_eq!(MaxAge::parse(text), Ok(Some(MaxAge(seconds))), "{text}");
        }
        for text in ["", "  "] {
            assert_eq!(MaxAge::parse(text), Ok(None));
        }
        for text in ["0", "-1", "-0", "+0", "-99999999999999999999"] {
            assert_eq!(MaxAge::parse(text), Err(Problem::UseDelete), "{text}");
        }
        for text in ["34560001", "4294967297", "99999999999999999999"] {
            assert_eq!(MaxAge::parse(text), Err(Problem::OutOfRange { min: 1, max: MaxAge::MAX }), "{text}");
        }
        for text in ["an hour", "1.5", "1e3", "-", "+", "--1", "\u{0663}", "1 000"] {
            assert_eq!(MaxAge::parse(text), Err(Problem::NotANumber), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused(text in any::<String>(), signed: bool) {
            if let Ok(name) = CookieName::parse(&text, "id") {
                prop_assert!(name.as_str() == text && text.bytes().all(|byte| byte.is_ascii_graphic()));
            }
            if let Ok(value) = CookieValue::parse(&text, signed) {
                prop_assert!(value.text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';'));
            }
            if let Ok(Some(age)) = MaxAge::parse(&text) {
                prop_assert!((1..=MaxAge::MAX).contains(&age.seconds()));
            }
        }
    }
}
