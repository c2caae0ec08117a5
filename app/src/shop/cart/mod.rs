//! The cart: products and quantities in the visitor's session, priced from the catalogue when it is shown.

mod api;
mod count;
mod model;
mod optimistic;
mod priced;
mod quantity_forms;
#[cfg(feature = "ssr")]
mod store;
mod view;

pub use api::{AddToCart, ClearCart, RemoveFromCart, RestoreCart, SetQuantity, ShowCart, show_cart};
pub use count::{CartItems, badge, provide_cart_count, use_cart_count};
pub use model::{Cart, CartLine, Quantity};
pub use optimistic::OptimisticCart;
pub use priced::{LineNote, OrderToken, PricedCart, PricedLine, RemovedLine};
pub use quantity_forms::AddToCartForm;
#[cfg(feature = "ssr")]
pub use store::{read_quantity, restore};
pub use view::CartPanel;
