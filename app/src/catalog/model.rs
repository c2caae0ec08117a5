//! Products and money.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::language::LANGUAGE;

/// An amount of money in euro cents.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
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
        f.write_str(&LANGUAGE.money(self.0))
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
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
pub struct Product {
    /// Its number.
    pub id: ProductId,
    /// Its name.
    pub name: String,
    /// What it is, in a sentence or two.
    pub description: String,
    /// What one of it costs.
    pub price: Cents,
    /// How many are left.
    pub stock: u32,
}

impl Product {
    /// From so many on it goes without saying that there are enough.
    const PLENTY: u32 = 10;

    /// What is said about the stock, where it needs saying.
    #[must_use]
    pub fn stock_note(&self) -> Option<String> {
        match self.stock {
            0 => Some("Sold out".to_owned()),
            left if left < Self::PLENTY => Some(format!("{left} left")),
            _ => None,
        }
    }
}

/// In which order products are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sorting {
    /// As in the catalogue.
    #[default]
    Catalogue,
    /// By name.
    Name,
    /// The cheapest first.
    Cheapest,
    /// The dearest first.
    Dearest,
}

impl Sorting {
    /// All of them, the usual one first.
    pub const ALL: [Self; 4] = [Self::Catalogue, Self::Name, Self::Cheapest, Self::Dearest];

    /// Reads what stands in a query; what it does not know is the usual order.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|sorting| sorting.as_str() == text).unwrap_or_default()
    }

    /// The word for a query.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Catalogue => "",
            Self::Name => "name",
            Self::Cheapest => "cheapest",
            Self::Dearest => "dearest",
        }
    }

    /// What it is called on the page.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Catalogue => "our order",
            Self::Name => "name",
            Self::Cheapest => "cheapest first",
            Self::Dearest => "dearest first",
        }
    }
}

/// What somebody looks for: a few words, each of which must stand in the name or in the text, in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Search {
    words: Vec<String>,
}

impl Search {
    /// More words find nothing that fewer do not.
    const MAX_WORDS: usize = 5;
    /// A longer word stands in no text.
    const MAX_CHARS: usize = 50;

    /// Takes any text; what is beyond the limits is left out, and so are control characters, which databases cannot hold.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text: String = text.chars().filter(|char| !char.is_control() || char.is_whitespace()).collect();
        let word = |word: &str| word.to_lowercase().chars().take(Self::MAX_CHARS).collect();
        Self { words: text.split_whitespace().take(Self::MAX_WORDS).map(word).collect() }
    }

    /// The words in lower case; none finds everything.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn money_is_shown_with_two_decimals() {
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
    fn a_stock_is_told_when_it_runs_low() {
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
    fn a_search_is_a_few_words_in_lower_case() {
        assert_eq!(Search::parse("  Brass\tPENCIL ").words(), ["brass", "pencil"]);
        assert_eq!(Search::parse(" \0 ").words().len(), 0);
        assert_eq!(Search::parse(&"a ".repeat(100)).words().len(), 5);
        assert_eq!(Search::parse(&"a".repeat(1_000)).words()[0].len(), 50);
    }

    #[test]
    fn an_unknown_order_is_the_usual_one() {
        for sorting in Sorting::ALL {
            assert_eq!(Sorting::parse(sorting.as_str()), sorting);
        }
        assert_eq!(Sorting::parse("price; drop table products"), Sorting::Catalogue);
    }

    #[test]
    fn a_product_number_is_a_positive_whole_number() {
        assert_eq!(ProductId::parse(" 7 "), Some(ProductId(7)));
        for text in ["", "0", "-1", "abc", "1.5", "99999999999999999999"] {
            assert_eq!(ProductId::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_search_finds_the_same_when_it_is_written_as_it_was_read(text in "(?s).{0,80}|[Aa\u{130} ]{0,80}|\u{130}{0,80}") {
            let search = Search::parse(&text);
            prop_assert!(search.words().len() <= Search::MAX_WORDS);
            for word in search.words() {
                prop_assert!(!word.is_empty() && word.chars().count() <= Search::MAX_CHARS);
                prop_assert!(!word.contains(|char: char| char.is_control() || char.is_whitespace()));
            }
            prop_assert_eq!(Search::parse(&search.words().join(" ")), search);
        }

        #[test]
        fn any_text_is_a_product_number_or_refused(text in "[-+ ]{0,2}[0-9]{0,21}|(?s).{0,8}") {
            if let Some(id) = ProductId::parse(&text) {
                prop_assert!(id.0 > 0);
                prop_assert_eq!(ProductId::parse(&id.to_string()), Some(id));
            }
        }

        #[test]
        fn any_text_is_a_way_to_sort(text in "(?s).{0,10}") {
            let sorting = Sorting::parse(&text);
            prop_assert!(sorting.as_str() == text || sorting == Sorting::Catalogue);
        }
    }
}
