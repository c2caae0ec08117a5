//! What is known about a visitor.

use serde::{Deserialize, Serialize};

use crate::{flash::Flash, preferences::Theme};

/// A snapshot of the visitor's session.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Hash, Serialize)]
pub struct Visitor {
    /// Who is signed in; nobody is a guest.
    pub user: Option<Account>,
    // <shop>
    /// How many things are in the cart.
    pub items: u32,
    // </shop>
    /// The chosen theme.
    pub theme: Theme,
    /// How long a signed-in user's session goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionTime>,
    /// What waits to be told once. Only ever filled while a page is rendered.
    #[serde(default, skip_serializing_if = "Flash::is_empty")]
    pub flash: Flash,
}

/// What a page shows of the signed-in user.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
pub struct Account {
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// Whether the password was typed within the last ten minutes.
    pub confirmed: bool,
}

/// How long a session goes on, in seconds.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
pub struct SessionTime {
    /// It is over then, unless it is used.
    pub unused: i64,
    /// It is over then, however busy.
    pub at_most: i64,
    /// So long it goes on after each use.
    pub idle: i64,
}

impl SessionTime {
    /// How long before the end a visitor is warned: a minute, or half the time where there are only one or two in all.
    const WARNING: i64 = 60;

    /// When the visitor is to be warned.
    #[must_use]
    pub fn warn_in(self) -> i64 {
        (self.unused - Self::WARNING.min(self.idle / 2)).max(0)
    }

    /// Whether using the session makes it last longer.
    #[must_use]
    pub fn can_be_extended(self) -> bool {
        self.at_most > self.unused
    }

    /// The time after the session was used, `elapsed` seconds later.
    #[must_use]
    pub fn used(self, elapsed: i64) -> Self {
        let at_most = self.at_most - elapsed;
        Self { at_most, unused: self.idle.min(at_most), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_is_warned_a_minute_before_or_half_way() {
        let time = SessionTime { unused: 1_800, at_most: 40_000, idle: 1_800 };
        assert_eq!((time.warn_in(), time.can_be_extended()), (1_740, true));
        assert_eq!(SessionTime { unused: 60, idle: 60, ..time }.warn_in(), 30);
        assert_eq!(SessionTime { unused: 10, ..time }.warn_in(), 0);
    }

    #[test]
    fn use_extends_a_session_up_to_its_end() {
        let time = SessionTime { unused: 100, at_most: 2_000, idle: 1_800 };
        assert_eq!(time.used(50), SessionTime { unused: 1_800, at_most: 1_950, idle: 1_800 });
        let last = time.used(1_000);
        assert_eq!((last.unused, last.can_be_extended()), (1_000, false));
    }
}
