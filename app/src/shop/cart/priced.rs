//! The cart with current names and prices, and notes about what prevents ordering it.

use std::{
    collections::BTreeMap,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
};

use serde::{Deserialize, Serialize};

use super::{Cart, CartLine, Quantity};
use crate::shop::catalog::{Cents, Product, ProductId};

/// A note about a line.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum LineNote {
    /// The product is no longer in the catalogue.
    #[error("This product is no longer available. Please remove it.")]
    Gone,
    /// The product is sold out.
    #[error("This product is sold out. Please remove it.")]
    SoldOut,
    /// The stock is lower than the quantity.
    #[error("Only {left} left. Please reduce the quantity.")]
    OnlyLeft {
        /// The stock.
        left: u32,
    },
    /// The price has changed since the product was added.
    #[error("The price was {before} when you added it.")]
    PriceChanged {
        /// The price then.
        before: Cents,
    },
}

/// A line with its current name and price.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct PricedLine {
    /// The product.
    pub product: ProductId,
    /// Its name.
    pub name: String,
    /// The price of one.
    pub unit_price: Cents,
    /// The quantity.
    pub quantity: Quantity,
    /// The total price; 0 for a product that is no longer available.
    pub total: Cents,
    /// What to know before ordering.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<LineNote>,
}

impl PricedLine {
    fn new(line: &CartLine, products: &[Product]) -> Self {
        let Some(product) = products.iter().find(|product| product.id == line.product) else {
            return Self {
                product: line.product,
                name: line.name.clone(),
                unit_price: line.price,
                quantity: line.quantity,
                total: Cents::default(),
                notes: vec![LineNote::Gone],
            };
        };
        let stock = match product.stock {
            0 => Some(LineNote::SoldOut),
            left if left < line.quantity.get() => Some(LineNote::OnlyLeft { left }),
            _ => None,
        };
        let price = (product.price != line.price).then_some(LineNote::PriceChanged { before: line.price });
        Self {
            product: product.id,
            name: product.name.clone(),
            unit_price: product.price,
            quantity: line.quantity,
            total: product.price.times(line.quantity.get()),
            notes: stock.into_iter().chain(price).collect(),
        }
    }
}

/// The line that was removed last.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct RemovedLine {
    /// The product.
    pub product: ProductId,
    /// Its name.
    pub name: String,
    /// Its quantity.
    pub quantity: Quantity,
}

/// The hidden field of the order form: a random part, which identifies a second submit, and a fingerprint of the lines that the visitor
/// has seen.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct OrderToken(String);

impl OrderToken {
    /// The longest token, in bytes. Those of this app have 53.
    const MAX_BYTES: usize = 100;

    /// A token for a form that shows these products, quantities and prices. The fingerprint is not a secret: visitors who forge it only
    /// deceive themselves. It may change with the build of the app.
    pub fn new(
        random: impl fmt::Display,
        lines: impl IntoIterator<Item = (ProductId, Quantity, Cents)>,
    ) -> Self {
        Self(format!("{random}.{:016x}", fingerprint(lines)))
    }

    /// Parses letters, digits, hyphens, underscores and full stops.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = !text.is_empty()
            && text.len() <= Self::MAX_BYTES
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        plain.then(|| Self(text.to_owned()))
    }

    /// The token.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the visitor has seen other lines. A token without a fingerprint, made by a script, never differs.
    pub fn differs(&self, lines: impl IntoIterator<Item = (ProductId, Quantity, Cents)>) -> bool {
        let seen = self.0.rsplit_once('.').map(|(_, seen)| seen);
        let seen = seen.filter(|seen| seen.len() == 16 && seen.bytes().all(|byte| byte.is_ascii_hexdigit()));
        seen.is_some_and(|seen| seen != format!("{:016x}", fingerprint(lines)))
    }
}

fn fingerprint(lines: impl IntoIterator<Item = (ProductId, Quantity, Cents)>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (product, quantity, price) in lines {
        (product, quantity.get(), price.0).hash(&mut hasher);
    }
    hasher.finish()
}

/// The cart with current names and prices.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct PricedCart {
    /// The lines, in the order of adding.
    pub lines: Vec<PricedLine>,
    /// The number of items.
    pub items: u32,
    /// The total price.
    pub total: Cents,
    /// The line that was removed last, for "Undo".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<RemovedLine>,
    /// The number of items before the cart was cleared, for "Undo".
    #[serde(default, skip_serializing_if = "is_zero")]
    pub emptied: u32,
    /// For the order form; `None` for an empty cart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<OrderToken>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde requires it")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl PricedCart {
    /// A cart with the names and prices of `products`. `random` is for the token.
    #[must_use]
    pub fn new(cart: &Cart, products: &[Product], random: impl fmt::Display) -> Self {
        let lines: Vec<_> = cart.lines().iter().map(|line| PricedLine::new(line, products)).collect();
        // A product that is no longer available cannot be restored.
        let removed = cart.removed().filter(|line| products.iter().any(|product| product.id == line.product));
        let removed = removed.map(|line| RemovedLine {
            product: line.product,
            name: line.name.clone(),
            quantity: line.quantity,
        });
        let seen = lines.iter().map(|line| (line.product, line.quantity, line.unit_price));
        let token = (!lines.is_empty()).then(|| OrderToken::new(random, seen));
        Self { removed, emptied: cart.emptied(), token, ..Self::of(lines) }
    }

    fn of(lines: Vec<PricedLine>) -> Self {
        let items = lines.iter().map(|line| line.quantity.get()).sum();
        let total = lines.iter().map(|line| line.total).sum();
        Self { lines, items, total, ..Self::default() }
    }

    /// The line of a product.
    #[must_use]
    pub fn line(&self, product: ProductId) -> Option<&PricedLine> {
        self.lines.iter().find(|line| line.product == product)
    }

    /// The quantity of a product.
    #[must_use]
    pub fn quantity(&self, product: ProductId) -> Option<Quantity> {
        self.line(product).map(|line| line.quantity)
    }

    /// The cart with other quantities, `None` for removed products: the same totals as the server will calculate.
    #[must_use]
    pub fn with(&self, pending: &BTreeMap<ProductId, Option<Quantity>>) -> Self {
        let lines = self.lines.iter().cloned().filter_map(|line| match pending.get(&line.product) {
            None => Some(line),
            Some(None) => None,
            Some(Some(quantity)) if line.notes.contains(&LineNote::Gone) => {
                Some(PricedLine { quantity: *quantity, ..line })
            }
            Some(Some(quantity)) => {
                Some(PricedLine { quantity: *quantity, total: line.unit_price.times(quantity.get()), ..line })
            }
        });
        Self { removed: self.removed.clone(), token: self.token.clone(), ..Self::of(lines.collect()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn product(id: i64, price: i64, stock: u32) -> Product {
        let (name, description) = (format!("Thing {id}"), String::new());
        Product { id: ProductId(id), name, description, price: Cents(price), stock }
    }

    fn quantity(count: u32) -> Quantity {
        Quantity::new(count).unwrap()
    }

    /// Two of product 1 for 100 cents each, three of product 2 for 200, one of product 3 for 300.
    fn cart() -> Cart {
        let mut cart = Cart::default();
        for (id, count) in [(1, 2), (2, 3), (3, 1)] {
            cart.add(&product(id, id * 100, 10), quantity(count)).unwrap();
        }
        cart
    }

    #[test]
    fn a_cart_has_current_prices() {
        let priced =
            PricedCart::new(&cart(), &[product(1, 100, 10), product(2, 150, 10), product(3, 300, 1)], "r");
        assert_eq!((priced.items, priced.total), (6, Cents(200 + 450 + 300)));
        assert_eq!(priced.line(ProductId(2)).unwrap().notes, [LineNote::PriceChanged { before: Cents(200) }]);
        assert!(priced.line(ProductId(1)).unwrap().notes.is_empty());
        assert!(priced.line(ProductId(3)).unwrap().notes.is_empty(), "the last one is enough");
    }

    #[test]
    fn unavailable_sold_out_and_scarce_products_are_noted() {
        let priced = PricedCart::new(&cart(), &[product(2, 200, 2), product(3, 300, 0)], "r");
        let gone = priced.line(ProductId(1)).unwrap();
        assert_eq!((gone.name.as_str(), gone.total), ("Thing 1", Cents(0)));
        assert_eq!(gone.notes, [LineNote::Gone]);
        assert_eq!(priced.line(ProductId(2)).unwrap().notes, [LineNote::OnlyLeft { left: 2 }]);
        assert_eq!(priced.line(ProductId(3)).unwrap().notes, [LineNote::SoldOut]);
        assert_eq!((priced.items, priced.total), (cart().items(), Cents(900)), "the badge counts the same");
    }

    #[test]
    fn pending_quantities_give_the_totals_of_the_server() {
        let products = [product(1, 100, 10), product(2, 200, 10), product(3, 300, 10)];
        let now = PricedCart::new(&cart(), &products, "r");
        let mut after = cart();
        after.remove(ProductId(1));
        after.set(&products[1], quantity(5)).unwrap();
        let wanted = BTreeMap::from([(ProductId(1), None), (ProductId(2), Some(quantity(5)))]);
        let (expected, answer) = (now.with(&wanted), PricedCart::new(&after, &products, "s"));
        assert_eq!(
            (expected.lines, expected.items, expected.total),
            (answer.lines, answer.items, answer.total)
        );
        assert_eq!(now.with(&BTreeMap::new()), now);
    }

    proptest! {
        #[test]
        fn any_pending_quantities_give_the_totals_of_the_server(
            lines in proptest::collection::btree_map(1..20i64, (1..=99u32, 0..=i64::MAX / 50, 0..200u32), 0..20),
            changes in proptest::collection::btree_map(1..20i64, proptest::option::of(1..=99u32), 0..10),
        ) {
            let products: Vec<_> =
                lines.iter().map(|(id, (_, price, stock))| product(*id, *price, *stock)).collect();
            let mut cart = Cart::default();
            for (product, (count, ..)) in products.iter().zip(lines.values()) {
                cart.add(product, quantity(*count)).unwrap();
            }
            let wanted: BTreeMap<_, _> =
                changes.into_iter().map(|(id, count)| (ProductId(id), count.map(quantity))).collect();
            let expected = PricedCart::new(&cart, &products, "r").with(&wanted);
            for (id, count) in &wanted {
                match (count, products.iter().find(|product| product.id == *id)) {
                    (None, _) => cart.remove(*id),
                    (Some(count), Some(product)) => cart.set(product, *count).unwrap(),
                    // Only products in the cart have buttons.
                    (Some(_), None) => {}
                }
            }
            let answer = PricedCart::new(&cart, &products, "s");
            prop_assert_eq!((expected.items, expected.total), (answer.items, answer.total));
            let sums = |cart: &PricedCart| cart.lines.iter().map(|line| (line.product, line.total)).collect::<Vec<_>>();
            prop_assert_eq!(sums(&expected), sums(&answer));
        }

        #[test]
        fn a_token_without_a_fingerprint_never_differs(text in "[0-9a-z-]{0,40}\\.?[0-9a-f]{0,17}|(?s).{0,110}") {
            if let Some(token) = OrderToken::parse(&text) {
                prop_assert_eq!(token.as_str(), &text);
                prop_assert!((1..=OrderToken::MAX_BYTES).contains(&text.len()));
                let signed = text.rsplit_once('.').is_some_and(|(_, seen)| seen.len() == 16);
                prop_assert!(signed || !token.differs([]));
            }
        }
    }

    #[test]
    fn a_token_differs_from_other_lines() {
        let seen = [(ProductId(1), quantity(2), Cents(1_650))];
        let token = OrderToken::new("a-b-c", seen);
        assert_eq!(OrderToken::parse(token.as_str()), Some(token.clone()));
        assert!(!token.differs(seen));
        for other in [(2, 2, 1_650), (1, 3, 1_650), (1, 2, 1_651)]
            .map(|(id, count, price)| (ProductId(id), quantity(count), Cents(price)))
        {
            assert!(token.differs([other]), "{other:?}");
        }
        for script in ["made-by-a-script", "order.1"] {
            assert!(!OrderToken::parse(script).unwrap().differs(seen), "{script}");
        }
    }

    #[test]
    fn refuses_other_texts_than_tokens() {
        for text in ["", "a b", "ä", "a\n", &"a".repeat(101)] {
            assert_eq!(OrderToken::parse(text), None, "{text:?}");
        }
    }
}
