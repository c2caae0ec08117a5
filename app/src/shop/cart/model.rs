//! The rules of the cart.

use std::fmt;

use serde::{Deserialize, Serialize};
use web::error::{AppError, Invalid};

use crate::shop::catalog::{Cents, Product, ProductId};

/// The quantity of a product, from [`MIN`](Self::MIN) to [`MAX`](Self::MAX).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(try_from = "u32")]
pub struct Quantity(u32);

impl Quantity {
    pub const MIN: u32 = 1;
    pub const MAX: u32 = 99;
    pub const ONE: Self = Self(1);

    /// A quantity in the range.
    pub fn new(count: u32) -> Result<Self, Invalid> {
        if (Self::MIN..=Self::MAX).contains(&count) { Ok(Self(count)) } else { Err(Self::out_of_range()) }
    }

    /// Parses the value of a form.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::parse_or_zero(text)?.ok_or_else(Self::out_of_range)
    }

    /// Parses the value of a form. 0 is `None`.
    pub fn parse_or_zero(text: &str) -> Result<Option<Self>, Invalid> {
        let text = text.trim();
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Invalid::NOT_A_NUMBER);
        }
        match text.parse().map_err(|_| Self::out_of_range())? {
            0 => Ok(None),
            count => Self::new(count).map(Some),
        }
    }

    pub fn get(self) -> u32 {
        self.0
    }

    fn out_of_range() -> Invalid {
        Invalid::out_of_range(Self::MIN, Self::MAX)
    }
}

impl TryFrom<u32> for Quantity {
    type Error = Invalid;

    fn try_from(count: u32) -> Result<Self, Self::Error> {
        Self::new(count)
    }
}

/// One product in the cart.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct CartLine {
    pub product: ProductId,
    pub quantity: Quantity,
    /// The name when it was added, for a product that is no longer sold.
    pub name: String,
    /// The price of one when it was added. The cart shows if the price has changed since.
    pub price: Cents,
}

impl CartLine {
    fn new(product: &Product, quantity: Quantity) -> Self {
        Self { product: product.id, quantity, name: product.name.clone(), price: product.price }
    }
}

/// A line that was removed, and its position.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Removed {
    line: CartLine,
    position: usize,
}

/// A cart: one line for each product, in the order of adding. A change that is refused leaves it unchanged.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Cart {
    lines: Vec<CartLine>,
    /// The line that was removed last, until the next change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    removed: Option<Removed>,
    /// The lines before the cart was cleared, until the next change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    emptied: Vec<CartLine>,
}

impl Cart {
    /// The most different products.
    pub const MAX_LINES: usize = 50;

    pub fn lines(&self) -> &[CartLine] {
        &self.lines
    }

    /// The line that was removed last, for "Undo".
    pub fn removed(&self) -> Option<&CartLine> {
        self.removed.as_ref().map(|removed| &removed.line)
    }

    /// The number of items before the cart was cleared, for "Undo".
    pub fn emptied(&self) -> Option<u32> {
        (!self.emptied.is_empty()).then(|| count(&self.emptied))
    }

    /// The number of items.
    pub fn items(&self) -> u32 {
        count(&self.lines)
    }

    /// Adds to the quantity of a product.
    pub fn add(&mut self, product: &Product, quantity: Quantity) -> Result<(), AppError> {
        let already = self.line_mut(product.id).map_or(0, |line| line.quantity.get());
        let quantity = Quantity::new(already + quantity.get())
            .map_err(|_| at_most(Quantity::MAX, "of one product").for_field("quantity"))?;
        self.set(product, quantity)
    }

    /// Sets the quantity of a product. The product that was removed last returns to its position.
    pub fn set(&mut self, product: &Product, quantity: Quantity) -> Result<(), AppError> {
        if let Some(line) = self.line_mut(product.id) {
            line.quantity = quantity;
        } else {
            let removed = self.removed.clone().filter(|removed| removed.line.product == product.id);
            let (line, position) = match removed {
                Some(Removed { line, position }) => (CartLine { quantity, ..line }, position),
                None => (CartLine::new(product, quantity), self.lines.len()),
            };
            self.insert(position, line)?;
        }
        self.forget_removed();
        Ok(())
    }

    /// Removes a product, if it is in the cart.
    pub fn remove(&mut self, product: ProductId) {
        if let Some(position) = self.lines.iter().position(|line| line.product == product) {
            self.forget_removed();
            self.removed = Some(Removed { line: self.lines.remove(position), position });
        }
    }

    /// Removes everything. Clearing an empty cart keeps what "Undo" restores.
    pub fn clear(&mut self) {
        if !self.lines.is_empty() {
            self.forget_removed();
            self.emptied = std::mem::take(&mut self.lines);
        }
    }

    /// Restores the lines before the cart was cleared. Does nothing after another change.
    pub fn restore(&mut self) {
        if !self.emptied.is_empty() {
            self.lines = std::mem::take(&mut self.emptied);
        }
    }

    /// Adds a line of another cart as far as the limits allow, because a sign-in must not fail for it.
    pub fn merge(&mut self, line: &CartLine) {
        match self.line_mut(line.product) {
            Some(mine) => {
                let sum = mine.quantity.get() + line.quantity.get();
                mine.quantity = Quantity(sum.min(Quantity::MAX));
            }
            // Left out over the limit.
            None => drop(self.insert(self.lines.len(), line.clone())),
        }
        self.forget_removed();
    }

    /// Another change ends "Undo".
    fn forget_removed(&mut self) {
        self.removed = None;
        self.emptied.clear();
    }

    fn line_mut(&mut self, product: ProductId) -> Option<&mut CartLine> {
        self.lines.iter_mut().find(|line| line.product == product)
    }

    fn insert(&mut self, position: usize, line: CartLine) -> Result<(), AppError> {
        if self.lines.len() >= Self::MAX_LINES {
            return Err(at_most(Self::MAX_LINES, "different products").for_field("product"));
        }
        self.lines.insert(position.min(self.lines.len()), line);
        Ok(())
    }
}

fn count(lines: &[CartLine]) -> u32 {
    lines.iter().map(|line| line.quantity.get()).sum()
}

fn at_most(max: impl fmt::Display, what: &str) -> Invalid {
    Invalid(format!("You can have at most {max} {what} in your cart.").into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MUG: ProductId = ProductId(1);
    const PEN: ProductId = ProductId(2);

    fn product(id: i64) -> Product {
        let (name, description) = (format!("Thing {id}"), String::new());
        Product { id: ProductId(id), name, description, price: Cents(id * 100), stock: 10 }
    }

    fn lines(cart: &Cart) -> Vec<(i64, u32)> {
        cart.lines().iter().map(|line| (line.product.0, line.quantity.get())).collect()
    }

    fn quantity(count: u32) -> Quantity {
        Quantity::new(count).unwrap()
    }

    #[test]
    fn adding_a_product_twice_makes_one_line() {
        let mut cart = Cart::default();
        for (id, count) in [(1, 1), (2, 2), (1, 3)] {
            cart.add(&product(id), quantity(count)).unwrap();
        }
        assert_eq!(lines(&cart), [(1, 4), (2, 2)]);
        assert_eq!(cart.items(), 6);
    }

    #[test]
    fn a_refused_change_leaves_the_cart_unchanged() {
        let mut cart = Cart::default();
        cart.add(&product(1), quantity(60)).unwrap();
        let before = cart.clone();
        let error = cart.add(&product(1), quantity(40)).unwrap_err();
        assert!(error.field_message("quantity").unwrap().contains("at most 99"), "{error}");
        assert_eq!(cart, before);
    }

    #[test]
    fn a_cart_has_at_most_fifty_lines() {
        let mut cart = Cart::default();
        for id in 1..=50 {
            cart.add(&product(id), Quantity::ONE).unwrap();
        }
        for error in [cart.add(&product(51), Quantity::ONE), cart.set(&product(51), Quantity::ONE)] {
            assert!(error.unwrap_err().field_message("product").unwrap().contains("at most 50"));
        }
        assert_eq!(cart.add(&product(50), Quantity::ONE), Ok(()));
    }

    #[test]
    fn quantities_are_parsed() {
        assert_eq!(Quantity::parse(" 3 "), Ok(quantity(3)));
        assert_eq!(Quantity::parse_or_zero("0"), Ok(None));
        for text in ["", "abc", "1.5", "1e3", "٣", "--1", "0x1"] {
            assert_eq!(Quantity::parse(text), Err(Invalid::NOT_A_NUMBER), "{text:?}");
        }
        for text in ["0", "-1", "100", "10000000", "99999999999999999999999"] {
            assert_eq!(Quantity::parse(text), Err(Invalid::out_of_range(1, 99)), "{text:?}");
        }
    }

    #[test]
    fn carts_are_merged_up_to_the_limits() {
        let mut cart = Cart::default();
        cart.add(&product(1), quantity(60)).unwrap();
        for id in 2..=49 {
            cart.add(&product(id), Quantity::ONE).unwrap();
        }
        for id in [1, 2, 50, 51] {
            cart.merge(&CartLine::new(&product(id), quantity(60)));
        }
        let lines = lines(&cart);
        assert_eq!((lines[0], lines[1], lines.len()), ((1, 99), (2, 61), 50));
        assert_eq!(lines[49], (50, 60));
    }

    #[test]
    fn a_removed_product_returns_to_its_position() {
        let mut cart = Cart::default();
        for id in 1..=3 {
            cart.add(&product(id), quantity(5)).unwrap();
        }
        cart.remove(PEN);
        assert_eq!((lines(&cart), cart.removed().unwrap().product), (vec![(1, 5), (3, 5)], PEN));
        cart.remove(PEN);
        assert!(cart.removed().is_some(), "removing it twice keeps it");
        cart.set(&product(2), quantity(5)).unwrap();
        assert_eq!((lines(&cart), cart.removed()), (vec![(1, 5), (2, 5), (3, 5)], None));

        cart.remove(MUG);
        cart.add(&product(3), quantity(1)).unwrap();
        assert_eq!(cart.removed(), None, "another change ends undo");
    }

    #[test]
    fn a_line_keeps_the_price_at_which_it_was_added() {
        let (mut cart, dearer) = (Cart::default(), Product { price: Cents(170), ..product(1) });
        cart.add(&product(1), quantity(1)).unwrap();
        cart.add(&dearer, quantity(1)).unwrap();
        cart.set(&dearer, quantity(5)).unwrap();
        cart.remove(MUG);
        cart.set(&dearer, quantity(5)).unwrap();
        assert_eq!((cart.lines()[0].price, cart.items()), (Cents(100), 5));
        cart.remove(MUG);
        cart.add(&product(2), quantity(1)).unwrap();
        cart.add(&dearer, quantity(1)).unwrap();
        assert_eq!(cart.lines()[1].price, Cents(170), "added again");
    }

    #[derive(Clone, Debug)]
    enum Step {
        Add(i64, u32),
        Set(i64, u32),
        Remove(i64),
        Merge(i64, u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (1..60i64, 1..=99u32).prop_map(|(id, count)| Step::Add(id, count)),
            (1..60i64, 1..=99u32).prop_map(|(id, count)| Step::Set(id, count)),
            (1..60i64).prop_map(Step::Remove),
            (1..60i64, 1..=99u32).prop_map(|(id, count)| Step::Merge(id, count)),
        ]
    }

    proptest! {
        #[test]
        fn any_steps_leave_a_cart_within_its_limits(steps in proptest::collection::vec(step(), 0..200)) {
            let mut cart = Cart::default();
            for step in steps {
                let before = cart.clone();
                let refused = match step {
                    Step::Add(id, count) => cart.add(&product(id), quantity(count)).is_err(),
                    Step::Set(id, count) => cart.set(&product(id), quantity(count)).is_err(),
                    Step::Remove(id) => { cart.remove(ProductId(id)); false }
                    Step::Merge(id, count) => {
                        cart.merge(&CartLine::new(&product(id), quantity(count)));
                        false
                    }
                };
                let removed = cart.removed().map(|line| line.product);
                prop_assert!(cart.lines().iter().all(|line| Some(line.product) != removed));
                prop_assert!(!refused || cart == before);
                prop_assert!(cart.lines().len() <= Cart::MAX_LINES);
                let mut ids: Vec<_> = cart.lines().iter().map(|line| line.product).collect();
                ids.sort();
                ids.dedup();
                prop_assert_eq!(ids.len(), cart.lines().len());
            }
        }

        #[test]
        fn a_parsed_quantity_is_in_range(text in ".*") {
            if let Ok(quantity) = Quantity::parse(&text) {
                prop_assert!((1..=99).contains(&quantity.get()));
            }
        }
    }
}
