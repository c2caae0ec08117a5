//! Preferences lie in the session.

use session::SessionValue;

use super::Theme;

impl SessionValue for Theme {
    const KEY: &'static str = "theme";
}
