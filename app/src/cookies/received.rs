//! What the server makes of a cookie that it received.

use serde::{Deserialize, Serialize};

use super::{
    CookieName,
    model::{MARK, SIGNED},
};
use crate::error::Problem;

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
    /// It was not set here: it has not the lab's mark, or a name that could not be set here.
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
            Self::Other => "Not set on this page, so its value is hidden.",
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

    /// How the text of such a cookie begins, behind the lab's mark.
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
    /// What it holds, without mark and signature. Of the session's own a few characters; of a cookie that was not set here, and may be
    /// another app's secret, the number of characters.
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
        match (CookieName::parse(name, session_cookie), text.strip_prefix(MARK)) {
            (Err(Problem::SessionCookie), _) => cookie(&masked(text, 4), None, CookieState::Session),
            (Err(_), _) | (_, None) => cookie(&masked(text, 0), None, CookieState::Other),
            (Ok(_), Some(text)) => match text.strip_prefix(SIGNED) {
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

/// What was signed, and the signature.
pub(super) fn split(signed: &str) -> (&str, Option<&str>) {
    signed.rsplit_once('.').map_or((signed, None), |(value, signature)| (value, Some(signature)))
}

/// The first `shown` characters of a long text, and how many there are. Of the session's cookie four are enough to see that it is
/// another one; it begins with the signature, not with the id.
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
    fn each_kind_of_cookie_is_told() {
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
    fn of_a_cookie_that_was_not_set_here_only_the_length_is_shown() {
        for text in ["eyJhbGciOiJSUzI1NiJ9", "s:plum.signature", "lab", "LAB:plum", " lab:plum", "my-lab:x"] {
            let told = format!("\u{2026} ({} characters)", text.len());
            assert_eq!(state("CF_Authorization", text), (told, None, CookieState::Other));
        }
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

    proptest! {
        /// Whatever the cookies are: four characters of the session's are shown, and none of other apps'.
        #[test]
        fn any_cookie_is_told_and_secrets_are_not(
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
                    let told = format!("\u{2026} ({} characters)", text.chars().count());
                    let shown = cookie.value.strip_suffix(&told).unwrap();
                    let most = if cookie.state == CookieState::Session { 4 } else { 0 };
                    prop_assert!(shown.chars().count() <= most && text.starts_with(shown));
                    prop_assert_eq!(cookie.signature, None);
                    prop_assert!(CookieName::parse(&name, "id").is_err() || !text.starts_with("lab:"));
                }
            }
        }
    }
}
