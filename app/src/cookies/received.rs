//! What the server makes of a cookie that it received.

use serde::{Deserialize, Serialize};

use super::{CookieName, model::SIGNED};
use crate::error::Problem;

/// Ends a value that was tampered with.
const CHANGED: &str = "-changed";

/// What the server makes of a cookie.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CookieState {
    /// Without a signature.
    Plain,
    /// With a signature that fits.
    Signed,
    /// It says that it is signed, but the signature does not fit.
    Changed,
    /// The session's own.
    Session,
    /// Its name is none that could be set here.
    Other,
}

impl CookieState {
    /// The same for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Plain => "Plain: the server has to believe whatever it says.",
            Self::Signed => "Signed and genuine: nobody has changed it.",
            Self::Changed => "Changed: the signature does not fit, so the server ignores it.",
            Self::Session => "The session\u{2019}s own: only the server can read it.",
            Self::Other => "Not made here: this page takes no such name.",
        }
    }

    /// Its name in JSON and for the page's CSS.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Signed => "signed",
            Self::Changed => "changed",
            Self::Session => "session",
            Self::Other => "other",
        }
    }

    /// Whether it can be changed and deleted here.
    #[must_use]
    pub fn is_lab(self) -> bool {
        matches!(self, Self::Plain | Self::Signed | Self::Changed)
    }

    /// How the text of such a cookie begins.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        if matches!(self, Self::Signed | Self::Changed) { SIGNED } else { "" }
    }
}

/// A cookie as the server received it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct ReceivedCookie {
    /// What it is called.
    pub name: String,
    /// What it holds, without a signature; of the session's own a few characters only.
    pub value: String,
    /// The signature, whether it fits or not.
    pub signature: Option<String>,
    /// What the server makes of it.
    pub state: CookieState,
}

impl ReceivedCookie {
    /// Reads a cookie; `fits` says whether the signature at the end of a text is ours.
    #[must_use]
    pub fn read(name: &str, text: &str, session_cookie: &str, fits: impl FnOnce(&str) -> bool) -> Self {
        let cookie = |value: &str, signature: Option<&str>, state| Self {
            name: name.to_owned(),
            value: value.to_owned(),
            signature: signature.map(str::to_owned),
            state,
        };
        match CookieName::parse(name, session_cookie) {
            Err(Problem::SessionCookie) => cookie(&masked(text), None, CookieState::Session),
            Err(_) => cookie(text, None, CookieState::Other),
            Ok(_) => match text.strip_prefix(SIGNED) {
                None => cookie(text, None, CookieState::Plain),
                Some(signed) => {
                    let state = if fits(signed) { CookieState::Signed } else { CookieState::Changed };
                    let (value, signature) = split(signed);
                    cookie(value, signature, state)
                }
            },
        }
    }
}

fn split(signed: &str) -> (&str, Option<&str>) {
    signed.rsplit_once('.').map_or((signed, None), |(value, signature)| (value, Some(signature)))
}

/// Enough to see that it is another one, and no more. It begins with the signature, not with the id.
fn masked(text: &str) -> String {
    let chars = text.chars().count();
    let shown: String = text.chars().take(if chars < 16 { 0 } else { 4 }).collect();
    format!("{shown}\u{2026} ({chars} characters)")
}

/// The name and the text of each cookie in a `Cookie` header, whatever its bytes (RFC 6265, 5.4).
pub(super) fn pairs(header: &[u8]) -> impl Iterator<Item = (String, String)> {
    let pieces = header.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    pieces.filter(|piece| !piece.is_empty()).map(|piece| {
        let piece = String::from_utf8_lossy(piece);
        // Browsers send a cookie without a name as its text alone.
        let (name, text) = piece.split_once('=').unwrap_or(("", &piece));
        (name.trim().to_owned(), text.trim().to_owned())
    })
}

/// The text with another value in it, and the signature as it was. Done twice, the first value is back.
pub(super) fn tampered(text: &str) -> String {
    let change =
        |value: &str| value.strip_suffix(CHANGED).map_or_else(|| format!("{value}{CHANGED}"), str::to_owned);
    match text.strip_prefix(SIGNED).map(split) {
        None => change(text),
        Some((value, None)) => format!("{SIGNED}{}", change(value)),
        Some((value, Some(signature))) => format!("{SIGNED}{}.{signature}", change(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> ReceivedCookie {
        ReceivedCookie::read(name, text, "id", |signed| signed == "plum.signature")
    }

    fn state(name: &str, text: &str) -> (String, Option<String>, CookieState) {
        let cookie = read(name, text);
        (cookie.value, cookie.signature, cookie.state)
    }

    #[test]
    fn each_kind_of_cookie_is_told() {
        let signature = Some("signature".to_owned());
        assert_eq!(state("fruit", "plum"), ("plum".into(), None, CookieState::Plain));
        assert_eq!(
            state("fruit", "s:plum.signature"),
            ("plum".into(), signature.clone(), CookieState::Signed)
        );
        assert_eq!(state("fruit", "s:pear.signature"), ("pear".into(), signature, CookieState::Changed));
        assert_eq!(state("fruit", "s:plum"), ("plum".into(), None, CookieState::Changed));
        assert_eq!(state("", "plum"), ("plum".into(), None, CookieState::Other));
        assert_eq!(state("__Secure-fruit", "s:plum.signature").2, CookieState::Other);
    }

    #[test]
    fn of_the_sessions_cookie_a_few_characters_are_shown() {
        let text = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        for name in ["id", "__Host-id"] {
            assert_eq!(
                state(name, text),
                ("ABCD\u{2026} (26 characters)".into(), None, CookieState::Session)
            );
        }
        assert_eq!(state("id", "secret").0, "\u{2026} (6 characters)");
    }

    #[test]
    fn a_header_is_read_whatever_its_bytes() {
        let header = b" a=1;b = 2 ; ;c;=d;e==f;\xff=\xfe<b>;; g=\"h i\"";
        let expected = [
            ("a", "1"),
            ("b", "2"),
            ("", "c"),
            ("", "d"),
            ("e", "=f"),
            ("\u{fffd}", "\u{fffd}<b>"),
            ("g", "\"h i\""),
        ];
        let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(pairs(header).collect::<Vec<_>>(), expected);
        assert_eq!(pairs(b"").count(), 0);
    }

    #[test]
    fn tampering_leaves_the_signature_and_is_undone_by_doing_it_again() {
        for (text, changed) in [
            ("plum", "plum-changed"),
            ("", "-changed"),
            ("s:plum.signature", "s:plum-changed.signature"),
            ("s:plum", "s:plum-changed"),
            ("s:1.5.signature", "s:1.5-changed.signature"),
        ] {
            assert_eq!(tampered(text), changed);
            assert_eq!(tampered(changed), text);
        }
    }
}
