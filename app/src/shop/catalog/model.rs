//! Products and money.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount of money in euro cents.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Cents(pub i64);

impl Cents {
    /// `count` times this amount. Saturates instead of overflowing.
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
        let (sign, cents) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let digits = (cents / 100).to_string();
        let mut euros = String::new();
        for (index, digit) in digits.char_indices() {
            if index > 0 && (digits.len() - index) % 3 == 0 {
                euros.push(',');
            }
            euros.push(digit);
        }
        write!(f, "{sign}€{euros}.{:02}", cents % 100)
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ProductId(pub i64);

impl ProductId {
    /// Parses an id from a form or a path: a positive whole number.
    pub fn parse(text: &str) -> Option<Self> {
        text.trim().parse().ok().filter(|id| *id > 0).map(Self)
    }
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
pub struct Product {
    pub id: ProductId,
    pub name: String,
    pub description: String,
    pub price: Cents,
    /// The number in stock.
    pub stock: u32,
}

impl Product {
    /// A stock of at least this many is not shown.
    const PLENTY: u32 = 10;

    /// A note about a low stock.
    pub fn stock_note(&self) -> Option<String> {
        match self.stock {
            0 => Some("Sold out".to_owned()),
            left if left < Self::PLENTY => Some(format!("{left} left")),
            _ => None,
        }
    }
}

/// The order of a list of products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sorting {
    /// As in the catalogue.
    #[default]
    Catalogue,
    Name,
    PriceAscending,
    PriceDescending,
}

impl Sorting {
    /// Each order with its value in a query and its label on the page.
    pub const ALL: [(Self, &str, &str); 4] = [
        (Self::Catalogue, "", "Featured"),
        (Self::Name, "name", "Name"),
        (Self::PriceAscending, "cheapest", "Price: low to high"),
        (Self::PriceDescending, "dearest", "Price: high to low"),
    ];

    /// Parses the value in a query. Any other text is the default.
    pub fn parse(text: &str) -> Self {
        let known = Self::ALL.into_iter().find(|(_, value, _)| *value == text);
        known.map_or(Self::default(), |(sorting, ..)| sorting)
    }
}

const MAX_SEARCH_WORDS: usize = 5;
const MAX_WORD_CHARS: usize = 50;

/// The words of a search in lower case. Words over the limits and control characters, which databases cannot store, are left out.
pub fn search_words(text: &str) -> Vec<String> {
    let text: String = text.chars().filter(|char| !char.is_control() || char.is_whitespace()).collect();
    let word = |word: &str| word.to_lowercase().chars().take(MAX_WORD_CHARS).collect();
    text.split_whitespace().take(MAX_SEARCH_WORDS).map(word).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn money_is_shown_with_two_decimals_and_groups_of_three_digits() {
        assert_eq!(Cents(-123_456_705).to_string(), "-€1,234,567.05");
        assert_eq!(Cents(4_900).to_string(), "€49.00");
        assert_eq!(Cents(5).to_string(), "€0.05");
        assert_eq!(Cents(-123).to_string(), "-€1.23");
    }

    #[test]
    fn sums_of_money_do_not_overflow() {
        assert_eq!(Cents(i64::MAX).times(99), Cents(i64::MAX));
        assert_eq!([Cents(i64::MAX), Cents(1)].into_iter().sum::<Cents>(), Cents(i64::MAX));
    }

    #[test]
    fn a_low_stock_is_noted() {
        let product = |stock| Product {
            id: ProductId(1),
            name: String::new(),
            description: String::new(),
            price: Cents(1),
            stock,
        };
        assert_eq!(product(0).stock_note().as_deref(), Some("Sold out"));
        assert_eq!(product(3).stock_note().as_deref(), Some("3 left"));
        assert_eq!(product(10).stock_note(), None);
    }

    #[test]
    fn a_search_has_a_few_words_in_lower_case() {
        assert_eq!(search_words("  Brass\tPENCIL "), ["brass", "pencil"]);
        assert_eq!(search_words(" \0 ").len(), 0);
        assert_eq!(search_words(&"a ".repeat(100)).len(), 5);
        assert_eq!(search_words(&"a".repeat(1_000))[0].len(), 50);
    }

    #[test]
    fn an_unknown_sorting_is_the_default() {
        for (sorting, value, _) in Sorting::ALL {
            assert_eq!(Sorting::parse(value), sorting);
        }
        assert_eq!(Sorting::parse("price; drop table products"), Sorting::Catalogue);
    }

    #[test]
    fn a_product_id_is_a_positive_whole_number() {
        assert_eq!(ProductId::parse(" 7 "), Some(ProductId(7)));
        for text in ["", "0", "-1", "abc", "1.5", "99999999999999999999"] {
            assert_eq!(ProductId::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn the_words_of_a_search_are_the_same_search(text in "(?s).{0,80}|[Aa\u{130} ]{0,80}|\u{130}{0,80}") {
            let words = search_words(&text);
            prop_assert!(words.len() <= MAX_SEARCH_WORDS);
            for word in &words {
                prop_assert!(!word.is_empty() && word.chars().count() <= MAX_WORD_CHARS);
                prop_assert!(!word.contains(|char: char| char.is_control() || char.is_whitespace()));
            }
            prop_assert_eq!(search_words(&words.join(" ")), words);
        }

        #[test]
        fn a_parsed_product_id_is_parsed_again(text in "[-+ ]{0,2}[0-9]{0,21}|(?s).{0,8}") {
            if let Some(id) = ProductId::parse(&text) {
                prop_assert!(id.0 > 0);
                prop_assert_eq!(ProductId::parse(&id.to_string()), Some(id));
            }
        }

        #[test]
        fn any_text_is_a_sorting(text in "(?s).{0,10}") {
            let is_value = Sorting::ALL.iter().any(|(_, value, _)| *value == text);
            prop_assert!(is_value || Sorting::parse(&text) == Sorting::Catalogue);
        }
    }
}
