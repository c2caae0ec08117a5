//! Orders: what a signed-in user has bought, at the prices of that moment.

mod api;
mod model;
mod order_page;
mod page;
#[cfg(feature = "ssr")]
mod store;
mod view;

use web::error::Refusal;

pub use api::{ListOrders, PlaceOrder, ShowOrder};
pub use model::{Order, OrderId};
pub use order_page::OrderPage;
pub use page::OrdersPage;
pub use view::PlaceOrderForm;

/// The page with all orders of the user.
pub const PAGE: &str = "/orders";

const CART_EMPTY: Refusal =
    Refusal::new(409, "cart_empty", "Your cart is empty, so there is nothing to order.");
const CART_CHANGED: Refusal = Refusal::in_form(
    409,
    "cart_changed",
    "Your cart or a price has changed, so nothing was ordered. Please check your cart and order again.",
);
const OUT_OF_STOCK: Refusal = Refusal::in_form(
    409,
    "out_of_stock",
    "A product is not available in this quantity, so nothing was ordered. Please change the marked lines.",
);
