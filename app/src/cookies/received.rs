//! The cookies of a request, as the server reads them.

use serde::{Deserialize, Serialize};

use super::{
    CookieName,
    model::{MARK, SIGNED},
};

const CHANGED: &str = "-changed";

/// How the server reads a cookie.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CookieState {
    Plain,
    Signed,
    /// With an invalid signature.
    Changed,
    /// The session's own.
    Session,
    /// Not set here.
    Other,
}

impl CookieState {
    pub fn text(self) -> &'static str {
        match self {
            Self::Plain => "Plain: the server cannot tell whether it was changed.",
            Self::Signed => "Signed: the signature is valid, so it was not changed.",
            Self::Changed => "Changed: the signature is invalid, so the server ignores it.",
            Self::Session => "The session\u{2019}s own cookie: its value is hidden.",
            Self::Other => "Not set on this page: its value is hidden.",
        }
    }

    /// The prefix of its value.
    pub fn prefix(self) -> &'static str {
        if matches!(self, Self::Signed | Self::Changed) { SIGNED } else { "" }
    }
}

/// A cookie of a request.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct ReceivedCookie {
    pub name: String,
    /// Without prefixes and signature. Other apps' cookies may be secret, so only their length is shown.
    pub value: String,
    pub signature: Option<String>,
    pub state: CookieState,
}

impl ReceivedCookie {
    /// Reads a cookie. `is_valid` checks the signature at the end of a text.
    pub fn read(name: &str, text: &str, session_cookie: &str, is_valid: impl FnOnce(&str) -> bool) -> Self {
        let cookie = |value: &str, signature: Option<&str>, state| Self {
            name: name.to_owned(),
            value: value.to_owned(),
            signature: signature.map(str::to_owned),
            state,
        };
        match (CookieName::parse(name, session_cookie), text.strip_prefix(MARK)) {
            (Err(error), _) if error == CookieName::SESSION_COOKIE => {
                cookie(&masked(text, 4), None, CookieState::Session)
            }
            (Err(_), _) | (_, None) => cookie(&masked(text, 0), None, CookieState::Other),
            (Ok(_), Some(text)) => match text.strip_prefix(SIGNED) {
                None => cookie(text, None, CookieState::Plain),
                Some(signed) => {
                    let state = if is_valid(signed) { CookieState::Signed } else { CookieState::Changed };
                    match signed.rsplit_once('.') {
                        Some((value, signature)) => cookie(value, Some(signature), state),
                        None => cookie(signed, None, state),
                    }
                }
            },
        }
    }

    /// Whether it was set here.
    pub fn is_lab(&self) -> bool {
        matches!(self.state, CookieState::Plain | CookieState::Signed | CookieState::Changed)
    }

    /// The text with another value and the same signature. Tampering twice restores the value.
    pub fn tampered(&self) -> String {
        let value = match self.value.strip_suffix(CHANGED) {
            Some(value) => value.to_owned(),
            None => format!("{}{CHANGED}", self.value),
        };
        let signature = self.signature.as_ref().map_or(String::new(), |signature| format!(".{signature}"));
        format!("{MARK}{}{value}{signature}", self.state.prefix())
    }
}

/// The first `shown` characters of a long text, and its length. Those of the session's cookie belong to the signature, not to the id.
fn masked(text: &str, shown: usize) -> String {
    let chars = text.chars().count();
    let start: String = text.chars().take(if chars < 16 { 0 } else { shown }).collect();
    format!("{start}\u{2026} ({chars} characters)")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(name: &str, text: &str) -> ReceivedCookie {
        ReceivedCookie::read(name, text, "id", |signed| signed == "plum.signature")
    }

    fn state(name: &str, text: &str) -> (String, Option<String>, CookieState) {
        let cookie = read(name, text);
        (cookie.value, cookie.signature, cookie.state)
    }

    #[test]
    fn each_kind_of_cookie_is_recognized() {
        let signature = Some("signature".to_owned());
        assert_eq!(state("fruit", "lab:plum"), ("plum".into(), None, CookieState::Plain));
        assert_eq!(
            state("fruit", "lab:s:plum.signature"),
            ("plum".into(), signature.clone(), CookieState::Signed)
        );
        assert_eq!(state("fruit", "lab:s:pear.signature"), ("pear".into(), signature, CookieState::Changed));
        assert_eq!(state("fruit", "lab:s:plum"), ("plum".into(), None, CookieState::Changed));
        assert_eq!(state("", "lab:plum"), ("\u{2026} (8 characters)".into(), None, CookieState::Other));
        assert_eq!(state("__Secure-fruit", "lab:s:plum.signature").2, CookieState::Other);
    }

    #[test]
    fn shows_only_the_length_of_other_cookies() {
        for text in ["eyJhbGciOiJSUzI1NiJ9", "s:plum.signature", "lab", "LAB:plum", " lab:plum", "my-lab:x"] {
            let expected = format!("\u{2026} ({} characters)", text.len());
            assert_eq!(state("CF_Authorization", text), (expected, None, CookieState::Other));
        }
    }

    #[test]
    fn shows_a_few_characters_of_the_session_cookie() {
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
    fn tampering_twice_restores_the_value() {
        for (text, changed) in [
            ("lab:plum", "lab:plum-changed"),
            ("lab:", "lab:-changed"),
            ("lab:s:plum.signature", "lab:s:plum-changed.signature"),
            ("lab:s:plum", "lab:s:plum-changed"),
            ("lab:s:1.5.signature", "lab:s:1.5-changed.signature"),
        ] {
            assert_eq!(read("fruit", text).tampered(), changed);
            assert_eq!(read("fruit", changed).tampered(), text);
        }
    }

    proptest! {
        #[test]
        fn secrets_are_never_shown(
            name in "(__Host-|__secure-|id|fruit| |[!-~]){0,3}|(?s).{0,10}",
            text in "(lab:)?(s:)?(?s).{0,60}",
            fits: bool,
        ) {
            let cookie = ReceivedCookie::read(&name, &text, "id", |_| fits);
            prop_assert_eq!(&cookie.name, &name);
            match cookie.state {
                CookieState::Plain => prop_assert_eq!(format!("lab:{}", cookie.value), text),
                CookieState::Signed | CookieState::Changed => {
                    let signature = cookie.signature.map_or(String::new(), |signature| format!(".{signature}"));
                    prop_assert_eq!(format!("lab:s:{}{signature}", cookie.value), text);
                    prop_assert_eq!(cookie.state == CookieState::Signed, fits);
                }
                CookieState::Session | CookieState::Other => {
                    let expected = format!("\u{2026} ({} characters)", text.chars().count());
                    let shown = cookie.value.strip_suffix(&expected).unwrap();
                    let most = if cookie.state == CookieState::Session { 4 } else { 0 };
                    prop_assert!(shown.chars().count() <= most && text.starts_with(shown));
                    prop_assert_eq!(cookie.signature, None);
                    prop_assert!(CookieName::parse(&name, "id").is_err() || !text.starts_with("lab:"));
                }
            }
        }
    }
}
