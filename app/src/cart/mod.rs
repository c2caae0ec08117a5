//! The cart: products and quantities in the visitor's session, guest or signed in, priced from the catalogue when shown.

mod api;
mod model;
mod priced;
#[cfg(feature = "ssr")]
mod store;
mod view;
mod wanted;

pub use api::{
    AddToCart, ClearCart, RemoveFromCart, RestoreCart, SetQuantity, ShowCart, add_to_cart, clear_cart,
    remove_from_cart, restore_cart, set_quantity, show_cart,
};
pub use model::{Cart, CartError, CartLine, Quantity};
pub use priced::{LineNote, OrderToken, PricedCart, PricedLine, RemovedLine};
#[cfg(feature = "ssr")]
pub use store::{restore_saved, save};
pub use view::{AddToCartForm, CartBadge, CartPanel};
pub use wanted::ShownCart;

use crate::error::{AppError, Field, Problem};

impl From<CartError> for AppError {
    fn from(error: CartError) -> Self {
        let (min, max) = (Quantity::MIN.into(), Quantity::MAX.into());
        match error {
            CartError::NotANumber => Self::invalid(Field::Quantity, Problem::NotANumber),
            CartError::QuantityOutOfRange => Self::invalid(Field::Quantity, Problem::OutOfRange { min, max }),
            CartError::TooManyOfOne => Self::invalid(Field::Quantity, Problem::TooManyOfOne { max }),
            CartError::TooManyLines => {
                Self::invalid(Field::Product, Problem::TooManyKinds { max: Cart::MAX_LINES })
            }
        }
    }
}
