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
    #[error("This product is no longer available. Please remove it.")]
    Gone,
    #[error("This product is sold out. Please remove it.")]
    SoldOut,
    #[error("Only {left} left. Please reduce the quantity.")]
    OnlyLeft { left: u32 },
    #[error("The price was {before} when you added it.")]
    PriceChanged { before: Cents },
}

/// A line of a cart with its current name and price, or of an order.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct PricedLine {
    pub product: ProductId,
    pub name: String,
    /// The price of one.
    pub unit_price: Cents,
    pub quantity: Quantity,
    /// The total price; 0 for a product that is no longer available.
    pub total: Cents,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<LineNote>,
}

impl PricedLine {
    /// A line without notes.
    pub fn new(product: ProductId, name: String, unit_price: Cents, quantity: Quantity) -> Self {
        let total = unit_price.times(quantity.get());
        Self { product, name, unit_price, quantity, total, notes: Vec::new() }
    }

    fn of_cart(line: &CartLine, products: &[Product]) -> Self {
        let Some(product) = products.iter().find(|product| product.id == line.product) else {
            let gone = Self::new(line.product, line.name.clone(), line.price, line.quantity);
            return Self { total: Cents::default(), notes: vec![LineNote::Gone], ..gone };
        };
        let stock = match product.stock {
            0 => Some(LineNote::SoldOut),
            left if left < line.quantity.get() => Some(LineNote::OnlyLeft { left }),
            _ => None,
        };
        let price = (product.price != line.price).then_some(LineNote::PriceChanged { before: line.price });
        Self {
            notes: stock.into_iter().chain(price).collect(),
            ..Self::new(product.id, product.name.clone(), product.price, line.quantity)
        }
    }

    fn set_quantity(&mut self, quantity: Quantity) {
        self.quantity = quantity;
        if !self.notes.contains(&LineNote::Gone) {
            self.total = self.unit_price.times(quantity.get());
        }
    }
}

/// The line that was removed last.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct RemovedLine {
    pub product: ProductId,
    pub name: String,
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

    /// A token for a form that shows these lines. The fingerprint is not a secret: visitors who forge it only deceive themselves.
    pub fn new(random: impl fmt::Display, lines: &[PricedLine]) -> Self {
        Self(format!("{random}.{}", fingerprint(lines)))
    }

    /// Parses letters, digits, hyphens, underscores and full stops.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = !text.is_empty()
            && text.len() <= Self::MAX_BYTES
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        plain.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the visitor has seen other lines. A token without a fingerprint, made by a script, never differs.
    pub fn differs(&self, lines: &[PricedLine]) -> bool {
        self.0.rsplit_once('.').is_some_and(|(_, seen)| {
            let is_fingerprint = seen.len() == 16 && seen.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_fingerprint && seen != fingerprint(lines)
        })
    }
}

/// 16 hexadecimal digits for products, quantities and prices. They may change with the build of the app.
fn fingerprint(lines: &[PricedLine]) -> String {
    let mut hasher = DefaultHasher::new();
    for line in lines {
        (line.product, line.quantity.get(), line.unit_price).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emptied: Option<u32>,
    /// For the order form; `None` for an empty cart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<OrderToken>,
}

impl PricedCart {
    /// A cart with the names and prices of `products`. `random` is for the token.
    pub fn new(cart: &Cart, products: &[Product], random: impl fmt::Display) -> Self {
        let lines: Vec<_> = cart.lines().iter().map(|line| PricedLine::of_cart(line, products)).collect();
        // A product that is no longer available cannot be restored.
        let removed = cart.removed().filter(|line| products.iter().any(|product| product.id == line.product));
        let removed = removed.map(|line| RemovedLine {
            product: line.product,
            name: line.name.clone(),
            quantity: line.quantity,
        });
        let token = (!lines.is_empty()).then(|| OrderToken::new(random, &lines));
        Self { removed, emptied: cart.emptied(), token, ..Self::of(lines) }
    }

    fn of(lines: Vec<PricedLine>) -> Self {
        let items = lines.iter().map(|line| line.quantity.get()).sum();
        let total = lines.iter().map(|line| line.total).sum();
        Self { lines, items, total, ..Self::default() }
    }

    pub fn line(&self, product: ProductId) -> Option<&PricedLine> {
        self.lines.iter().find(|line| line.product == product)
    }

    /// The cart with other quantities, `None` for removed products: the same totals as the server will calculate.
    pub fn with(&self, pending: &BTreeMap<ProductId, Option<Quantity>>) -> Self {
        let mut lines = self.lines.clone();
        lines.retain(|line| pending.get(&line.product) != Some(&None));
        for line in &mut lines {
            if let Some(Some(quantity)) = pending.get(&line.product) {
                line.set_quantity(*quantity);
            }
        }
        Self { removed: self.removed.clone(), token: self.token.clone(), ..Self::of(lines) }
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
                prop_assert!(signed || !token.differs(&[]));
            }
        }
    }

    #[test]
    fn a_token_differs_from_other_lines() {
        let line =
            |id, count, price| [PricedLine::new(ProductId(id), String::new(), Cents(price), quantity(count))];
        let seen = line(1, 2, 1_650);
        let token = OrderToken::new("a-b-c", &seen);
        assert_eq!(OrderToken::parse(token.as_str()), Some(token.clone()));
        assert!(!token.differs(&seen));
        for other in [line(2, 2, 1_650), line(1, 3, 1_650), line(1, 2, 1_651)] {
            assert!(token.differs(&other), "{other:?}");
        }
        for script in ["made-by-a-script", "order.1"] {
            assert!(!OrderToken::parse(script).unwrap().differs(&seen), "{script}");
        }
    }

    #[test]
    fn refuses_other_texts_than_tokens() {
        for text in ["", "a b", "ä", "a\n", &"a".repeat(101)] {
            assert_eq!(OrderToken::parse(text), None, "{text:?}");
        }
    }
}
