//! What an order is.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    cart::Quantity,
    catalog::{Cents, ProductId},
};

/// An order's number.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct OrderId(String);

impl OrderId {
    /// The number of an order, from a UUID.
    #[must_use]
    pub fn new(uuid: impl fmt::Display) -> Self {
        Self(uuid.to_string())
    }

    /// Reads a number as it stands in a path: 36 hexadecimal digits and hyphens (RFC 9562, 4).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let uuid = text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        uuid.then(|| Self(text.to_owned()))
    }

    /// The number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How it is told to people: its first digits.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One product of an order, as it was when the order was placed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct OrderLine {
    /// Which product.
    pub product: ProductId,
    /// What it was called.
    pub name: String,
    /// What one did cost.
    pub unit_price: Cents,
    /// How many.
    pub quantity: Quantity,
    /// What they did cost together.
    pub total: Cents,
}

/// An order.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Order {
    /// Its number.
    pub id: OrderId,
    /// When it was placed, in seconds since 1970.
    pub placed_at: i64,
    /// What was bought.
    pub lines: Vec<OrderLine>,
    /// What all of it did cost.
    pub total: Cents,
}

impl Order {
    /// A list shows the latest ones, and no more than this.
    pub const MOST_LISTED: u32 = 100;

    /// How many things in all.
    #[must_use]
    pub fn items(&self) -> u32 {
        self.lines.iter().map(|line| line.quantity.get()).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_order_is_told_by_its_first_digits() {
        assert_eq!(OrderId("3f2a9c01-7b".into()).short(), "3f2a9c01");
        assert_eq!(OrderId("ä".into()).short(), "ä");
    }

    #[test]
    fn a_number_is_a_uuid() {
        let text = "3f2a9c01-7b1e-4c1d-9a5e-0123456789ab";
        assert_eq!(OrderId::parse(text).unwrap().as_str(), text);
        for text in ["", "1", "nothing", "3f2a9c01-7b1e-4c1d-9a5e-0123456789a\0", &"a".repeat(37)] {
            assert_eq!(OrderId::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_an_order_number_or_refused(text in "[0-9a-fA-F-]{36}|(?s).{0,40}") {
            if let Some(id) = OrderId::parse(&text) {
                prop_assert_eq!(id.as_str(), &text);
                prop_assert_eq!(id.short(), &text[..8]);
                prop_assert!(crate::nav::LocalPath::parse(&crate::nav::order(&id)).is_some());
            }
        }
    }
}
