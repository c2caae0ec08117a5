//! Orders and their lines.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::shop::{cart::PricedLine, catalog::Cents};

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct OrderId(String);

impl OrderId {
    pub fn new(uuid: impl fmt::Display) -> Self {
        Self(uuid.to_string())
    }

    /// Parses an id from a path: 36 hexadecimal digits and hyphens (RFC 9562, 4).
    pub fn parse(text: &str) -> Option<Self> {
        let uuid = text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        uuid.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first digits, for users to read.
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Order {
    pub id: OrderId,
    /// When it was placed, in seconds since 1970.
    pub placed_at: i64,
    /// The products, as they were when the order was placed.
    pub lines: Vec<PricedLine>,
    pub total: Cents,
}

impl Order {
    /// The most orders in a list.
    pub const MAX_LISTED: u8 = 100;

    pub fn items(&self) -> u32 {
        self.lines.iter().map(|line| line.quantity.get()).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn users_see_the_first_digits_of_an_id() {
        assert_eq!(OrderId("3f2a9c01-7b".into()).short(), "3f2a9c01");
        assert_eq!(OrderId("ä".into()).short(), "ä");
    }

    #[test]
    fn an_id_is_a_uuid() {
        let text = "3f2a9c01-7b1e-4c1d-9a5e-0123456789ab";
        assert_eq!(OrderId::parse(text).unwrap().as_str(), text);
        for text in ["", "1", "nothing", "3f2a9c01-7b1e-4c1d-9a5e-0123456789a\0", &"a".repeat(37)] {
            assert_eq!(OrderId::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_parsed_id_is_part_of_a_local_path(text in "[0-9a-fA-F-]{36}|(?s).{0,40}") {
            if let Some(id) = OrderId::parse(&text) {
                prop_assert_eq!(id.as_str(), &text);
                prop_assert_eq!(id.short(), &text[..8]);
                let page = format!("/orders/{}", id.as_str());
                prop_assert!(web::path::LocalPath::parse(&page).is_some());
            }
        }
    }
}
