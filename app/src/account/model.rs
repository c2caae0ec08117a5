//! Devices: how the account page shows the sessions of a user.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One session of a user.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Device {
    /// Identifies it in forms. Not a session id.
    pub device: String,
    /// The browser and its system.
    pub name: DeviceName,
    /// The address of the client at sign-in, if it is known.
    pub address: Option<String>,
    /// When it signed in, in seconds since 1970.
    pub first_at: i64,
    /// When it was last used, to the minute, in seconds since 1970.
    pub last_at: i64,
    /// Whether it is the current session.
    pub current: bool,
}

/// A browser and its system, as far as they are known.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct DeviceName {
    pub browser: Option<String>,
    pub system: Option<String>,
}

/// Parts of a `User-Agent` and the browser. The order matters: most browsers also name those that they descend from.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

impl DeviceName {
    /// Parses a `User-Agent` header (RFC 9110, 10.1.5). Clients can send any text, so this is only for users to read.
    #[must_use]
    pub fn parse(user_agent: &str) -> Self {
        let find = |names: &[(&str, &str)]| {
            names.iter().find(|(part, _)| user_agent.contains(part)).map(|(_, name)| (*name).to_owned())
        };
        Self { browser: find(&BROWSERS), system: find(&SYSTEMS) }
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.browser, &self.system) {
            (Some(browser), Some(system)) => write!(f, "{browser} on {system}"),
            (Some(name), None) | (None, Some(name)) => f.write_str(name),
            (None, None) => f.write_str("Unknown browser"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn browsers_and_systems_are_recognized() {
        for (user_agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            ("Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox on Android"),
            ("curl/8.5.0", "curl"),
            ("", "Unknown browser"),
        ] {
            assert_eq!(DeviceName::parse(user_agent).to_string(), name);
        }
    }

    proptest! {
        #[test]
        fn no_text_of_a_user_agent_is_shown(user_agent in "(Edg|OPR/|Firefox/|Safari/|Linux|iPhone|<script>|(?s).){0,12}") {
            let name = DeviceName::parse(&user_agent);
            let ours = |name: &Option<String>, words: &[(&str, &str)]| {
                name.as_ref().is_none_or(|name| words.iter().any(|(_, word)| word == name))
            };
            prop_assert!(ours(&name.browser, &BROWSERS) && ours(&name.system, &SYSTEMS));
            prop_assert!(!name.to_string().is_empty());
        }
    }
}
