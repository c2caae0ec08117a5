//! The rules for new passwords (ASVS 6.2), and their strength.

use web::error::Invalid;

/// Words of this site (ASVS 6.1.2): its name, what it is built with, its roles and its public account. A password that consists mostly
/// of one of them is refused (ASVS 6.2.11). In a copy of this starter, put the names of your site, company, projects and roles here.
pub const SITE_WORDS: &[&str] = &["satchel", "leptos", "admin", "operator", "demo"];

/// A password that follows the rules, exactly as typed.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPassword(String);

/// A secret has no `Debug` form.
impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPassword")
    }
}

impl NewPassword {
    const COMMON: Invalid = Invalid::new("This password is very common. Please choose another one.");
    const PERSONAL: Invalid = Invalid::new(
        "This password is too similar to your name, your e-mail or the name of this site. Please choose another one.",
    );
    /// The fewest characters (ASVS 6.2.1).
    pub const MIN_CHARS: u32 = 8;
    /// The most characters. At least 64 must be allowed (ASVS 6.2.9), but hashing megabytes would help attackers.
    pub const MAX_CHARS: u32 = 128;
    /// The fewest characters of a strong password.
    const STRONG_CHARS: usize = 16;
    /// Shorter parts of a name occur in good passwords by chance.
    const PERSONAL_CHARS: usize = 4;

    /// Parses a password of any characters. `about` is what is known about its user: the name and the e-mail address. Fails with
    /// [`Invalid`] if it is too short, too long, common, or consists mostly of a word of the site or of the user's name.
    pub fn parse(text: &str, about: &[&str], is_common: impl Fn(&str) -> bool) -> Result<Self, Invalid> {
        let chars = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let folded = text.to_lowercase();
        let parts = about.iter().flat_map(|known| known.split(['@', '.', ' ']).chain([*known]));
        let personal = parts.filter(|part| part.chars().count() >= Self::PERSONAL_CHARS);
        let mut known = personal.chain(SITE_WORDS.iter().copied());
        let same = |text: &str| text.chars().all(|char| text.starts_with(char));
        match chars {
            0 => Err(Invalid::MISSING),
            chars if chars < Self::MIN_CHARS => Err(Invalid::too_short(Self::MIN_CHARS)),
            chars if chars > Self::MAX_CHARS => Err(Invalid::too_long(Self::MAX_CHARS)),
            _ if same(&folded) || is_common(&folded) => Err(Self::COMMON),
            _ if known.any(|part| is_mostly(&folded, &part.to_lowercase())) => Err(Self::PERSONAL),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The password.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn strength(&self) -> Strength {
        if self.0.chars().count() >= Self::STRONG_CHARS { Strength::Strong } else { Strength::Fair }
    }
}

/// Whether all occurrences of `part` are half of the password or more.
fn is_mostly(password: &str, part: &str) -> bool {
    password.matches(part).count() * part.chars().count() * 2 >= password.chars().count()
}

/// The strength of a password: its length, because nothing else makes guessing as expensive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Long enough.
    Fair,
    /// Long.
    Strong,
}

impl Strength {
    /// The name of the level, for the style of the meter.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fair => "fair",
            Self::Strong => "strong",
        }
    }

    /// The text of the meter.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Fair => "Good. A few more words would make it strong.",
            Self::Strong => "Strong.",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::auth::DemoAccount;

    fn parse(text: &str) -> Result<NewPassword, Invalid> {
        NewPassword::parse(text, &["Ada Lovelace", "countess@example.com"], |text| text == "password1")
    }

    /// Security: 6.2.5
    #[test]
    fn a_password_may_contain_any_characters() {
        for text in [
            " zwölf Boxkämpfer ",
            "\u{1f392}\u{1f392}x\u{1f392}\u{1f392}\u{1f392}\u{1f392}\u{1f392}",
            "\\\"'<>&;%\0",
        ] {
            assert_eq!(parse(text).unwrap().expose(), text);
        }
    }

    /// Security: 6.2.1, 6.2.9
    #[test]
    fn the_length_is_measured_in_characters() {
        assert_eq!(parse(""), Err(Invalid::MISSING));
        assert_eq!(parse("üüüü567"), Err(Invalid::too_short(8)));
        assert!(parse("üüüü5678").is_ok());
        assert!(parse(&"ab".repeat(64)).is_ok());
        assert_eq!(parse(&"ab".repeat(65)), Err(Invalid::too_long(128)));
    }

    /// Security: 6.2.4, 6.2.11
    #[test]
    fn refuses_common_and_personal_passwords() {
        for text in ["password1", "PassWord1", "aaaaaaaaaaaa"] {
            assert_eq!(parse(text), Err(NewPassword::COMMON), "{text}");
        }
        for text in
            ["lovelace", "Lovelace1815", "countess!", "Countess@example.com", "countess-countess-countess"]
        {
            assert_eq!(parse(text), Err(NewPassword::PERSONAL), "{text}");
        }
        assert!(parse("the countess counts her cats").is_ok(), "a name in a long sentence is no harm");
    }

    /// Security: 6.1.2
    #[test]
    fn refuses_a_password_that_is_mostly_a_word_of_the_site() {
        for text in
            ["satchel1", "Satchel2026!", "mysatchel", "SATCHEL satchel", "leptos-2026", "the-operator"]
        {
            assert_eq!(parse(text), Err(NewPassword::PERSONAL), "{text}");
        }
        assert!(parse("the satchel hangs behind the door").is_ok(), "a word of the site in a long sentence");
        let demo =
            NewPassword::parse(DemoAccount::PASSWORD, &[DemoAccount::NAME, DemoAccount::EMAIL], |_| false);
        assert!(demo.is_ok(), "the password of the demo account follows the rules");
    }

    #[test]
    fn a_long_password_is_strong() {
        assert_eq!(parse("a-few-words").unwrap().strength(), Strength::Fair);
        assert_eq!(parse("a few words and some more").unwrap().strength(), Strength::Strong);
    }

    proptest! {
        #[test]
        fn an_accepted_password_is_exactly_as_typed(
            text in "(?s).{0,140}|(ada|love|lace|count|ess|satchel|[@. ]){0,8}",
            about in proptest::collection::vec("(?s).{0,20}|(ada|love|lace|[@. ]){0,5}", 0..3),
        ) {
            let about: Vec<_> = about.iter().map(String::as_str).collect();
            let chars = text.chars().count();
            match NewPassword::parse(&text, &about, |_| false) {
                Ok(password) => {
                    prop_assert_eq!(password.expose(), &text);
                    prop_assert!((8..=128).contains(&chars));
                    prop_assert!(!about.contains(&text.as_str()));
                    let refused = NewPassword::parse(&text, &about, |_| true);
                    prop_assert_eq!(refused, Err(NewPassword::COMMON));
                }
                Err(invalid) if invalid == Invalid::MISSING => prop_assert_eq!(chars, 0),
                Err(invalid) if invalid == Invalid::too_short(8) => prop_assert!(chars < 8),
                Err(invalid) if invalid == Invalid::too_long(128) => prop_assert!(chars > 128),
                Err(_) => prop_assert!((8..=128).contains(&chars)),
            }
        }

        /// Security: 6.1.2
        #[test]
        fn a_word_of_the_site_is_allowed_with_more_than_its_own_length(
            word in proptest::sample::select(SITE_WORDS),
            upper in any::<bool>(),
            before in "[0-9 !._-]{0,12}",
            after in "[0-9 !._-]{0,12}",
        ) {
            let written = if upper { word.to_uppercase() } else { word.to_owned() };
            let text = format!("{before}{written}{after}");
            let chars = text.chars().count();
            prop_assume!(chars >= 8);
            let refused = NewPassword::parse(&text, &[], |_| false) == Err(NewPassword::PERSONAL);
            prop_assert_eq!(refused, chars <= 2 * word.chars().count(), "{}", text);
        }
    }
}
