//! What a new password must be (ASVS 6.2), and how good one is.

use crate::error::Problem;

/// Words that belong to this site (ASVS 6.1.2): its name, what it is built with, its roles and its public account. A password
/// that is mostly one of them is refused (ASVS 6.2.11), in upper or lower case.
///
/// This is the only list. In a copy of this starter, put the names of your site, company, projects and roles here.
pub const SITE_WORDS: &[&str] = &["satchel", "leptos", "admin", "operator", "demo"];

/// A password that may be chosen, exactly as typed.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPassword(String);

/// A secret has no `Debug` form.
impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPassword")
    }
}

impl NewPassword {
    /// The fewest characters (ASVS 6.2.1).
    pub const MIN_CHARS: u32 = 8;
    /// The most characters: at least 64 must be allowed (ASVS 6.2.9), and hashing megabytes would be a gift to an attacker.
    pub const MAX_CHARS: u32 = 128;
    /// From so many characters on a password is called strong.
    const STRONG_CHARS: usize = 16;
    /// Shorter parts of a name stand in many a good password by chance.
    const TELLING_CHARS: usize = 4;

    /// Takes a password of any characters, unless it is too short, too long, one of the `common` ones, or mostly one of the
    /// [`SITE_WORDS`] or of what is known `about` its owner: the name, the e-mail address.
    ///
    /// # Errors
    ///
    /// The [`Problem`] to show beside the field.
    pub fn parse(text: &str, about: &[&str], common: impl Fn(&str) -> bool) -> Result<Self, Problem> {
        let chars = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let folded = text.to_lowercase();
        let parts = about.iter().flat_map(|known| known.split(['@', '.', ' ']).chain([*known]));
        let personal = parts.filter(|part| part.chars().count() >= Self::TELLING_CHARS);
        let mut known = personal.chain(SITE_WORDS.iter().copied());
        let same = |text: &str| text.chars().all(|char| text.starts_with(char));
        match chars {
            0 => Err(Problem::Missing),
            chars if chars < Self::MIN_CHARS => Err(Problem::TooShort { min: Self::MIN_CHARS }),
            chars if chars > Self::MAX_CHARS => Err(Problem::TooLong { max: Self::MAX_CHARS }),
            _ if same(&folded) || common(&folded) => Err(Problem::CommonPassword),
            _ if known.any(|part| is_mostly(&folded, &part.to_lowercase())) => Err(Problem::PersonalPassword),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The password.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// How good it is.
    #[must_use]
    pub fn strength(&self) -> Strength {
        if self.0.chars().count() >= Self::STRONG_CHARS { Strength::Strong } else { Strength::Fair }
    }
}

/// Whether `part`, counted as often as it occurs, makes up half of the password or more.
fn is_mostly(password: &str, part: &str) -> bool {
    password.matches(part).count() * part.chars().count() * 2 >= password.chars().count()
}

/// How good a password is that may be chosen. Length is what counts: nothing else makes guessing as dear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// It will do.
    Fair,
    /// It will do for long.
    Strong,
}

impl Strength {
    /// The name of the level, for the meter's look.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fair => "fair",
            Self::Strong => "strong",
        }
    }

    /// What the meter says.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Fair => "Good. A few words more would make it strong.",
            Self::Strong => "Strong.",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::auth::DemoAccount;

    fn parse(text: &str) -> Result<NewPassword, Problem> {
        NewPassword::parse(text, &["Ada Lovelace", "countess@example.com"], |text| text == "password1")
    }

    #[test]
    fn any_characters_may_stand_in_a_password_and_are_kept_as_typed() {
        for text in [
            " zwölf Boxkämpfer ",
            "\u{1f392}\u{1f392}x\u{1f392}\u{1f392}\u{1f392}\u{1f392}\u{1f392}",
            "\\\"'<>&;%\0",
        ] {
            assert_eq!(parse(text).unwrap().expose(), text);
        }
    }

    #[test]
    fn the_length_is_counted_in_characters() {
        assert_eq!(parse(""), Err(Problem::Missing));
        assert_eq!(parse("üüüü567"), Err(Problem::TooShort { min: 8 }));
        assert!(parse("üüüü5678").is_ok());
        assert!(parse(&"ab".repeat(64)).is_ok());
        assert_eq!(parse(&"ab".repeat(65)), Err(Problem::TooLong { max: 128 }));
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        for text in ["password1", "PassWord1", "aaaaaaaaaaaa"] {
            assert_eq!(parse(text), Err(Problem::CommonPassword), "{text}");
        }
        for text in
            ["lovelace", "Lovelace1815", "countess!", "Countess@example.com", "countess-countess-countess"]
        {
            assert_eq!(parse(text), Err(Problem::PersonalPassword), "{text}");
        }
        assert!(parse("the countess counts her cats").is_ok(), "a name in a long sentence is no harm");
    }

    #[test]
    fn a_password_that_is_mostly_a_word_of_the_site_is_refused() {
        for text in
            ["satchel1", "Satchel2026!", "mysatchel", "SATCHEL satchel", "leptos-2026", "the-operator"]
        {
            assert_eq!(parse(text), Err(Problem::PersonalPassword), "{text}");
        }
        assert!(parse("the satchel hangs behind the door").is_ok(), "a word of the site in a long sentence");
        let demo =
            NewPassword::parse(DemoAccount::PASSWORD, &[DemoAccount::NAME, DemoAccount::EMAIL], |_| false);
        assert!(demo.is_ok(), "the password of the demo account follows the rules");
    }

    #[test]
    fn length_makes_strength() {
        assert_eq!(parse("a-few-words").unwrap().strength(), Strength::Fair);
        assert_eq!(parse("a few words and some more").unwrap().strength(), Strength::Strong);
    }

    proptest! {
        #[test]
        fn a_password_is_taken_exactly_as_typed_or_refused(
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
                    // What is common is refused, whatever else is right with it.
                    let refused = NewPassword::parse(&text, &about, |_| true);
                    prop_assert_eq!(refused, Err(Problem::CommonPassword));
                }
                Err(Problem::Missing) => prop_assert_eq!(chars, 0),
                Err(Problem::TooShort { .. }) => prop_assert!(chars < 8),
                Err(Problem::TooLong { .. }) => prop_assert!(chars > 128),
                Err(_) => prop_assert!((8..=128).contains(&chars)),
            }
        }

        #[test]
        fn a_word_of_the_site_is_allowed_beside_more_than_its_own_length(
            word in proptest::sample::select(SITE_WORDS),
            upper in any::<bool>(),
            before in "[0-9 !._-]{0,12}",
            after in "[0-9 !._-]{0,12}",
        ) {
            let written = if upper { word.to_uppercase() } else { word.to_owned() };
            let text = format!("{before}{written}{after}");
            let chars = text.chars().count();
            prop_assume!(chars >= 8);
            let refused = NewPassword::parse(&text, &[], |_| false) == Err(Problem::PersonalPassword);
            prop_assert_eq!(refused, chars <= 2 * word.chars().count(), "{}", text);
        }
    }
}
