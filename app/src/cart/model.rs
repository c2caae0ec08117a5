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
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct CartLine {
    /// Which product.
    pub product: ProductId,
    /// How many of it.
    pub quantity: Quantity,
}

/// What a visitor has chosen, in the order of choosing; one line for each product.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Cart {
    lines: Vec<CartLine>,
}

impl Cart {
    /// The most different products.
    pub const MAX_LINES: u32 = 50;

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[CartLine] {
        &self.lines
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
    pub fn add(&mut self, product: ProductId, quantity: Quantity) -> Result<(), CartError> {
        match self.line_mut(product) {
            Some(line) => line.quantity = line.quantity.plus(quantity)?,
            None => self.push(CartLine { product, quantity })?,
        }
        Ok(())
    }

    /// Sets how many there are; `None` takes the product out.
    ///
    /// # Errors
    ///
    /// [`CartError::TooManyLines`].
    pub fn set(&mut self, product: ProductId, quantity: Option<Quantity>) -> Result<(), CartError> {
        match (self.line_mut(product), quantity) {
            (_, None) => self.remove(product),
            (Some(line), Some(quantity)) => line.quantity = quantity,
            (None, Some(quantity)) => self.push(CartLine { product, quantity })?,
        }
        Ok(())
    }

    /// Takes a product out. One that is not there is no error: the wish is fulfilled.
    pub fn remove(&mut self, product: ProductId) {
        self.lines.retain(|line| line.product != product);
    }

    /// Adds a line of another cart as far as the rules allow: who signs in is not to be refused for it.
    pub fn merge(&mut self, line: CartLine) {
        match self.line_mut(line.product) {
            Some(mine) => {
                let sum = mine.quantity.get() + line.quantity.get();
                mine.quantity = Quantity::new(sum).unwrap_or(Quantity(Quantity::MAX));
            }
            // What has no room is left behind.
            None => drop(self.push(line)),
        }
    }

    fn line_mut(&mut self, product: ProductId) -> Option<&mut CartLine> {
        self.lines.iter_mut().find(|line| line.product == product)
    }

    fn push(&mut self, line: CartLine) -> Result<(), CartError> {
        if self.lines.len() >= Self::MAX_LINES as usize {
            return Err(CartError::TooManyLines);
        }
        self.lines.push(line);
        Ok(())
    }
}

/// A line with its name and prices.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct PricedLine {
    /// Which product.
    pub product: ProductId,
    /// Its name.
    pub name: String,
    /// What one costs.
    pub unit_price: Cents,
    /// How many.
    pub quantity: Quantity,
    /// What they cost together.
    pub total: Cents,
}

/// The cart as a visitor sees it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct PricedCart {
    /// The lines, in the order of choosing.
    pub lines: Vec<PricedLine>,
    /// How many things in all.
    pub items: u32,
    /// What all of it costs.
    pub total: Cents,
}

impl PricedCart {
    /// Puts names and prices to a cart. A product that the catalogue no longer has is left out.
    #[must_use]
    pub fn new(cart: &Cart, products: &[Product]) -> Self {
        let priced = cart.lines().iter().filter_map(|line| {
            let product = products.iter().find(|product| product.id == line.product)?;
            Some(PricedLine {
                product: product.id,
                name: product.name.clone(),
                unit_price: product.price,
                quantity: line.quantity,
                total: product.price.times(line.quantity.get()),
            })
        });
        let lines: Vec<_> = priced.collect();
        let items = lines.iter().map(|line| line.quantity.get()).sum();
        let total = lines.iter().map(|line| line.total).sum();
        Self { lines, items, total }
    }

    /// The line of a product.
    #[must_use]
    pub fn line(&self, product: ProductId) -> Option<&PricedLine> {
        self.lines.iter().find(|line| line.product == product)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MUG: ProductId = ProductId(1);
    const PEN: ProductId = ProductId(2);

    fn quantity(count: u32) -> Quantity {
        Quantity::new(count).unwrap()
    }

    #[test]
    fn adding_twice_makes_one_line() {
        let mut cart = Cart::default();
        cart.add(MUG, quantity(1)).unwrap();
        cart.add(PEN, quantity(2)).unwrap();
        cart.add(MUG, quantity(3)).unwrap();
        assert_eq!(
            cart.lines(),
            [
                CartLine { product: MUG, quantity: quantity(4) },
                CartLine { product: PEN, quantity: quantity(2) }
            ]
        );
        assert_eq!(cart.items(), 6);
    }

    #[test]
    fn what_does_not_fit_leaves_the_cart_as_it_was() {
        let mut cart = Cart::default();
        cart.add(MUG, quantity(60)).unwrap();
        let before = cart.clone();
        assert_eq!(cart.add(MUG, quantity(40)), Err(CartError::TooManyOfOne));
        assert_eq!(cart, before);
    }

    #[test]
    fn a_cart_has_fifty_lines_at_most() {
        let mut cart = Cart::default();
        for id in 1..=50 {
            cart.add(ProductId(id), Quantity::ONE).unwrap();
        }
        assert_eq!(cart.add(ProductId(51), Quantity::ONE), Err(CartError::TooManyLines));
        assert_eq!(cart.set(ProductId(51), Some(Quantity::ONE)), Err(CartError::TooManyLines));
        assert_eq!(cart.add(ProductId(50), Quantity::ONE), Ok(()));
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
        cart.add(MUG, quantity(60)).unwrap();
        for id in 2..=49 {
            cart.add(ProductId(id), Quantity::ONE).unwrap();
        }
        for id in [1, 2, 50, 51] {
            cart.merge(CartLine { product: ProductId(id), quantity: quantity(60) });
        }
        let lines: Vec<_> = cart.lines().iter().map(|line| (line.product.0, line.quantity.get())).collect();
        assert_eq!((lines[0], lines[1], lines.len()), ((1, 99), (2, 61), 50));
        assert_eq!(lines[49], (50, 60));
    }

    #[test]
    fn a_vanished_product_does_not_break_the_cart() {
        let mut cart = Cart::default();
        cart.add(MUG, quantity(2)).unwrap();
        cart.add(PEN, quantity(1)).unwrap();
        let pen =
            Product { id: PEN, name: "Pen".into(), description: String::new(), price: Cents(150), stock: 1 };
        let priced = PricedCart::new(&cart, &[pen]);
        assert_eq!((priced.lines.len(), priced.items, priced.total), (1, 1, Cents(150)));
    }

    #[derive(Clone, Debug)]
    enum Step {
        Add(i64, u32),
        Set(i64, Option<u32>),
        Remove(i64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (1..60i64, 1..=99u32).prop_map(|(id, count)| Step::Add(id, count)),
            (1..60i64, proptest::option::of(1..=99u32)).prop_map(|(id, count)| Step::Set(id, count)),
            (1..60i64).prop_map(Step::Remove),
        ]
    }

    proptest! {
        #[test]
        fn any_steps_leave_a_cart_within_its_rules(steps in proptest::collection::vec(step(), 0..200)) {
            let mut cart = Cart::default();
            for step in steps {
                let before = cart.clone();
                let refused = match step {
                    Step::Add(id, count) => cart.add(ProductId(id), quantity(count)).is_err(),
                    Step::Set(id, count) => cart.set(ProductId(id), count.map(quantity)).is_err(),
                    Step::Remove(id) => { cart.remove(ProductId(id)); false }
                };
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
