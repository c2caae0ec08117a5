//! The rules of the cart.

use serde::{Deserialize, Serialize};

use crate::catalog::{Cents, Product, ProductId};

/// Why the cart refuses. It is then as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CartError {
    /// The quantity is not a whole number.
    #[error("not a whole number")]
    NotANumber,
    /// The quantity is not in [`Quantity::MIN`]`..=`[`Quantity::MAX`].
    #[error("quantity out of range")]
    QuantityOutOfRange,
    /// With what is there already it would be more than [`Quantity::MAX`] of one product.
    #[error("too many of one product")]
    TooManyOfOne,
    /// There are [`Cart::MAX_LINES`] different products already.
    #[error("too many different products")]
    TooManyLines,
}

/// How many of one product: always from [`MIN`](Self::MIN) to [`MAX`](Self::MAX).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Quantity(u8);

impl Quantity {
    /// The least.
    pub const MIN: u8 = 1;
    /// The most.
    pub const MAX: u8 = 99;
    /// A single one.
    pub const ONE: Self = Self(1);

    /// Takes a number in the range.
    ///
    /// # Errors
    ///
    /// [`CartError::QuantityOutOfRange`] for every other number.
    pub fn new(count: u32) -> Result<Self, CartError> {
        let count = u8::try_from(count).ok().filter(|count| (Self::MIN..=Self::MAX).contains(count));
        count.map(Self).ok_or(CartError::QuantityOutOfRange)
    }

    /// Reads a quantity as it stands in a form.
    ///
    /// # Errors
    ///
    /// [`CartError::NotANumber`] for what is no whole number, [`CartError::QuantityOutOfRange`] for one outside the range.
    pub fn parse(text: &str) -> Result<Self, CartError> {
        Self::parse_or_zero(text)?.ok_or(CartError::QuantityOutOfRange)
    }

    /// Reads a quantity that may be zero, which is `None`.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_or_zero(text: &str) -> Result<Option<Self>, CartError> {
        let text = text.trim();
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(CartError::NotANumber);
        }
        match text.parse().map_err(|_| CartError::QuantityOutOfRange)? {
            0 => Ok(None),
            count => Self::new(count).map(Some),
        }
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.into()
    }

    fn plus(self, more: Self) -> Result<Self, CartError> {
        Self::new(self.get() + more.get()).map_err(|_| CartError::TooManyOfOne)
    }
}

impl TryFrom<u32> for Quantity {
    type Error = CartError;

    fn try_from(count: u32) -> Result<Self, Self::Error> {
        Self::new(count)
    }
}

impl From<Quantity> for u32 {
    fn from(quantity: Quantity) -> Self {
        quantity.get()
    }
}

/// One product in the cart.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct CartLine {
    /// Which product.
    pub product: ProductId,
    /// How many of it.
    pub quantity: Quantity,
    /// What it was called when the visitor put it here: a product that vanishes still has a name.
    pub name: String,
    /// What one did cost then: another price by now is told, whatever the visitor does with the quantity.
    pub price: Cents,
}

impl CartLine {
    fn new(product: &Product, quantity: Quantity) -> Self {
        Self { product: product.id, quantity, name: product.name.clone(), price: product.price }
    }
}

/// A line that was taken out, and where it stood.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Removed {
    line: CartLine,
    position: usize,
}

/// What a visitor has chosen, in the order of choosing; one line for each product.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Cart {
    lines: Vec<CartLine>,
    /// What was taken out last, until the next change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    removed: Option<Removed>,
    /// What was there before the cart was emptied, until the next change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    emptied: Vec<CartLine>,
}

impl Cart {
    /// The most different products.
    pub const MAX_LINES: u32 = 50;

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[CartLine] {
        &self.lines
    }

    /// What was taken out last, and may be wanted back.
    #[must_use]
    pub fn removed(&self) -> Option<&CartLine> {
        self.removed.as_ref().map(|removed| &removed.line)
    }

    /// How many things were there before the cart was emptied, and may be wanted back.
    #[must_use]
    pub fn emptied(&self) -> u32 {
        self.emptied.iter().map(|line| line.quantity.get()).sum()
    }

    /// How many things in all.
    #[must_use]
    pub fn items(&self) -> u32 {
        self.lines.iter().map(|line| line.quantity.get()).sum()
    }

    /// Adds to what is there.
    ///
    /// # Errors
    ///
    /// [`CartError::TooManyOfOne`] and [`CartError::TooManyLines`].
    pub fn add(&mut self, product: &Product, quantity: Quantity) -> Result<(), CartError> {
        let already = self.line_mut(product.id).map(|line| line.quantity);
        self.set(product, already.map_or(Ok(quantity), |already| already.plus(quantity))?)
    }

    /// Sets how many there are. What was just taken out returns to its place.
    ///
    /// # Errors
    ///
    /// [`CartError::TooManyLines`].
    pub fn set(&mut self, product: &Product, quantity: Quantity) -> Result<(), CartError> {
        match self.line_mut(product.id) {
            Some(line) => line.quantity = quantity,
            None => {
                let removed = self.removed.clone().filter(|removed| removed.line.product == product.id);
                let (line, position) = match removed {
                    Some(Removed { line, position }) => (CartLine { quantity, ..line }, position),
                    None => (CartLine::new(product, quantity), self.lines.len()),
                };
                self.insert(position, line)?;
            }
        }
        self.forget();
        Ok(())
    }

    /// Takes a product out. One that is not there is no error: the wish is fulfilled.
    pub fn remove(&mut self, product: ProductId) {
        if let Some(position) = self.lines.iter().position(|line| line.product == product) {
            self.forget();
            self.removed = Some(Removed { line: self.lines.remove(position), position });
        }
    }

    /// Takes everything out. Emptied twice it is still the same that may be wanted back.
    pub fn clear(&mut self) {
        if !self.lines.is_empty() {
            self.forget();
            self.emptied = std::mem::take(&mut self.lines);
        }
    }

    /// Puts back what was there before the cart was emptied. If there has been another change since, this is none.
    pub fn restore(&mut self) {
        if !self.emptied.is_empty() {
            self.lines = std::mem::take(&mut self.emptied);
        }
    }

    /// Adds a line of another cart as far as the rules allow: who signs in is not to be refused for it.
    pub fn merge(&mut self, line: &CartLine) {
        match self.line_mut(line.product) {
            Some(mine) => {
                let sum = mine.quantity.get() + line.quantity.get();
                mine.quantity = Quantity::new(sum).unwrap_or(Quantity(Quantity::MAX));
            }
            // What has no room is left behind.
            None => drop(self.insert(self.lines.len(), line.clone())),
        }
        self.forget();
    }

    /// After another change it is too late to want back what was taken out.
    fn forget(&mut self) {
        self.removed = None;
        self.emptied.clear();
    }

    fn line_mut(&mut self, product: ProductId) -> Option<&mut CartLine> {
        self.lines.iter_mut().find(|line| line.product == product)
    }

    fn insert(&mut self, position: usize, line: CartLine) -> Result<(), CartError> {
        if self.lines.len() >= Self::MAX_LINES as usize {
            return Err(CartError::TooManyLines);
        }
        self.lines.insert(position.min(self.lines.len()), line);
        Ok(())
    }
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

    /// Numbers and quantities of a cart's lines.
    fn lines(cart: &Cart) -> Vec<(i64, u32)> {
        cart.lines().iter().map(|line| (line.product.0, line.quantity.get())).collect()
    }

    fn quantity(count: u32) -> Quantity {
        Quantity::new(count).unwrap()
    }

    #[test]
    fn adding_twice_makes_one_line() {
        let mut cart = Cart::default();
        for (id, count) in [(1, 1), (2, 2), (1, 3)] {
            cart.add(&product(id), quantity(count)).unwrap();
        }
        assert_eq!(lines(&cart), [(1, 4), (2, 2)]);
        assert_eq!(cart.items(), 6);
    }

    #[test]
    fn what_does_not_fit_leaves_the_cart_as_it_was() {
        let mut cart = Cart::default();
        cart.add(&product(1), quantity(60)).unwrap();
        let before = cart.clone();
        assert_eq!(cart.add(&product(1), quantity(40)), Err(CartError::TooManyOfOne));
        assert_eq!(cart, before);
    }

    #[test]
    fn a_cart_has_fifty_lines_at_most() {
        let mut cart = Cart::default();
        for id in 1..=50 {
            cart.add(&product(id), Quantity::ONE).unwrap();
        }
        assert_eq!(cart.add(&product(51), Quantity::ONE), Err(CartError::TooManyLines));
        assert_eq!(cart.set(&product(51), Quantity::ONE), Err(CartError::TooManyLines));
        assert_eq!(cart.add(&product(50), Quantity::ONE), Ok(()));
    }

    #[test]
    fn quantities_are_read_as_people_write_them() {
        assert_eq!(Quantity::parse(" 3 "), Ok(quantity(3)));
        assert_eq!(Quantity::parse_or_zero("0"), Ok(None));
        for text in ["", "abc", "1.5", "1e3", "٣", "--1", "0x1"] {
            assert_eq!(Quantity::parse(text), Err(CartError::NotANumber), "{text:?}");
        }
        for text in ["0", "-1", "100", "10000000", "99999999999999999999999"] {
            assert_eq!(Quantity::parse(text), Err(CartError::QuantityOutOfRange), "{text:?}");
        }
    }

    #[test]
    fn carts_are_merged_as_far_as_the_rules_allow() {
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
    fn what_was_taken_out_returns_to_its_place() {
        let mut cart = Cart::default();
        for id in 1..=3 {
            cart.add(&product(id), quantity(5)).unwrap();
        }
        cart.remove(PEN);
        assert_eq!((lines(&cart), cart.removed().unwrap().product), (vec![(1, 5), (3, 5)], PEN));
        cart.remove(PEN);
        assert!(cart.removed().is_some(), "taking it out twice forgets nothing");
        cart.set(&product(2), quantity(5)).unwrap();
        assert_eq!((lines(&cart), cart.removed()), (vec![(1, 5), (2, 5), (3, 5)], None));

        cart.remove(MUG);
        cart.add(&product(3), quantity(1)).unwrap();
        assert_eq!(cart.removed(), None, "after another change it is too late");
    }

    #[test]
    fn a_price_is_that_of_the_first_choice_whatever_becomes_of_the_quantity() {
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
        assert_eq!(cart.lines()[1].price, Cents(170), "chosen anew");
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
        fn any_steps_leave_a_cart_within_its_rules(steps in proptest::collection::vec(step(), 0..200)) {
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
                prop_assert!(cart.lines().len() <= Cart::MAX_LINES as usize);
                let mut ids: Vec<_> = cart.lines().iter().map(|line| line.product).collect();
                ids.sort();
                ids.dedup();
                prop_assert_eq!(ids.len(), cart.lines().len());
            }
        }

        #[test]
        fn any_text_is_a_quantity_or_refused(text in ".*") {
            if let Ok(quantity) = Quantity::parse(&text) {
                prop_assert!((1..=99).contains(&quantity.get()));
            }
        }
    }
}
