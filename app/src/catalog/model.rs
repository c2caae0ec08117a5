//! Products and money.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount of money in euro cents.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Cents(pub i64);

impl Cents {
    /// This amount so many times; stays at the end of the range instead of overflowing.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self(self.0.saturating_mul(i64::from(count)))
    }
}

impl std::iter::Sum for Cents {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), |sum, amount| Self(sum.0.saturating_add(amount.0)))
    }
}

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        write!(f, "{sign}€{}.{:02}", cents / 100, cents % 100)
    }
}

/// A product's number.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ProductId(pub i64);

impl ProductId {
    /// Reads a number as it stands in a form or a path.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.trim().parse().ok().filter(|id| *id > 0).map(Self)
    }
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Something to buy.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Product {
    /// Its number.
    pub id: ProductId,
    /// Its name.
    pub name: String,
    /// What it is, in a sentence or two.
    pub description: String,
    /// What one of it costs.
    pub price: Cents,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_shown_with_two_decimals() {
        assert_eq!(Cents(4_900).to_string(), "€49.00");
        assert_eq!(Cents(5).to_string(), "€0.05");
        assert_eq!(Cents(-123).to_string(), "-€1.23");
        assert_eq!(Cents(i64::MIN).to_string(), "-€92233720368547758.08");
    }

    #[test]
    fn sums_of_money_do_not_overflow() {
        assert_eq!(Cents(i64::MAX).times(99), Cents(i64::MAX));
        assert_eq!([Cents(i64::MAX), Cents(1)].into_iter().sum::<Cents>(), Cents(i64::MAX));
    }

    #[test]
    fn a_product_number_is_a_positive_whole_number() {
        assert_eq!(ProductId::parse(" 7 "), Some(ProductId(7)));
        for text in ["", "0", "-1", "abc", "1.5", "99999999999999999999"] {
            assert_eq!(ProductId::parse(text), None, "{text:?}");
        }
    }
}
