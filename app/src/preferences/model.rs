//! The theme.

use serde::{Deserialize, Serialize};
use web::snapshot::VisitorValue;

/// Light, dark, or the setting of the system.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    Light,
    Dark,
    #[default]
    System,
}

impl VisitorValue for Theme {
    const KEY: &'static str = "theme";
}

impl Theme {
    /// All themes, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::Light, Self::Dark, Self::System];

    /// Parses the value of a form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == text)
    }

    /// The value in forms, in JSON and in the page's `data-theme`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::System => "system",
        }
    }

    /// The label of its button.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Light => "Light",
            Self::Dark => "Dark",
            Self::System => "System",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_theme_is_parsed() {
        for theme in Theme::ALL {
            assert_eq!(Theme::parse(theme.as_str()), Some(theme));
        }
        assert_eq!(Theme::parse("pink"), None);
    }

    proptest! {
        #[test]
        fn every_other_text_is_refused(text in "(?i)(light|dark|system)|(?s).{0,8}") {
            let known = Theme::ALL.iter().any(|theme| theme.as_str() == text);
            prop_assert_eq!(Theme::parse(&text).map(Theme::as_str), known.then_some(text.as_str()));
        }
    }
}
