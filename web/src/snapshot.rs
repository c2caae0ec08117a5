//! The snapshot of the visitor's session, which the server sends with each page.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::flash::Flash;

/// The visitor, as pages show them.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Visitor {
    /// The signed-in user; `None` for a guest.
    pub user: Option<Account>,
    /// `None` for a guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionTime>,
    /// Filled only while a page is rendered.
    #[serde(default, skip_serializing_if = "Flash::is_empty")]
    pub flash: Flash,
    #[serde(flatten)]
    values: BTreeMap<String, Value>,
}

/// A value of a feature in the snapshot. One that cannot be read or written as JSON is replaced by its default.
pub trait VisitorValue: Default + DeserializeOwned + Serialize {
    /// A key that no other feature uses.
    const KEY: &'static str;
}

impl Visitor {
    pub fn value<T: VisitorValue>(&self) -> T {
        self.values.get(T::KEY).and_then(|value| T::deserialize(value).ok()).unwrap_or_default()
    }

    pub fn set_value<T: VisitorValue>(&mut self, value: &T) {
        if let Ok(value) = serde_json::to_value(value) {
            self.values.insert(T::KEY.to_owned(), value);
        }
    }

    pub fn of_user(user: Account) -> Self {
        Self { user: Some(user), ..Self::default() }
    }

    pub fn signed_out(self) -> Self {
        Self { user: None, session: None, flash: Flash::default(), values: self.values }
    }
}

/// The signed-in user, as pages show them.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Account {
    pub name: String,
    pub email: String,
    /// Whether the user typed the password within the last ten minutes.
    pub confirmed: bool,
}

/// How long a session lasts, in seconds.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct SessionTime {
    #[serde(rename = "unused")]
    pub idle_remaining: i64,
    #[serde(rename = "at_most")]
    pub absolute_remaining: i64,
    pub idle: i64,
}

impl SessionTime {
    const WARNING: i64 = 60;

    /// The seconds until the visitor is warned: a minute before the end, or at half of a shorter idle timeout.
    pub fn warn_in(self) -> i64 {
        (self.idle_remaining - Self::WARNING.min(self.idle / 2)).max(0)
    }

    /// Whether using the session makes it last longer.
    pub fn can_be_extended(self) -> bool {
        self.absolute_remaining > self.idle_remaining
    }

    /// The session after a use `elapsed` seconds later.
    pub fn used(self, elapsed: i64) -> Self {
        let absolute_remaining = self.absolute_remaining - elapsed;
        Self { absolute_remaining, idle_remaining: self.idle.min(absolute_remaining), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default, Deserialize, Serialize)]
    #[serde(transparent)]
    struct Items(u32);

    impl VisitorValue for Items {
        const KEY: &'static str = "items";
    }

    #[test]
    fn the_parts_of_features_are_fields_of_the_json() {
        let mut visitor = Visitor::default();
        assert_eq!(visitor.value::<Items>().0, 0);
        visitor.set_value(&Items(3));
        let json = serde_json::to_string(&visitor).unwrap();
        assert_eq!(json, r#"{"user":null,"items":3}"#);
        assert_eq!(serde_json::from_str::<Visitor>(&json).unwrap().value::<Items>().0, 3);
    }

    /// Security: a warning before the end
    #[test]
    fn a_visitor_is_warned_a_minute_before_the_end_or_halfway() {
        let time = SessionTime { idle_remaining: 1_800, absolute_remaining: 40_000, idle: 1_800 };
        assert_eq!((time.warn_in(), time.can_be_extended()), (1_740, true));
        assert_eq!(SessionTime { idle_remaining: 60, idle: 60, ..time }.warn_in(), 30);
        assert_eq!(SessionTime { idle_remaining: 10, ..time }.warn_in(), 0);
    }

    #[test]
    fn use_extends_a_session_up_to_its_absolute_timeout() {
        let time = SessionTime { idle_remaining: 100, absolute_remaining: 2_000, idle: 1_800 };
        let expected = SessionTime { idle_remaining: 1_800, absolute_remaining: 1_950, idle: 1_800 };
        assert_eq!(time.used(50), expected);
        let last = time.used(1_000);
        assert_eq!((last.idle_remaining, last.can_be_extended()), (1_000, false));
    }
}
