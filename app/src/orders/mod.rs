//! Orders: what a signed-in user has bought, at the prices of that moment.

mod api;
mod model;
#[cfg(feature = "ssr")]
mod store;
mod view;

pub use api::{ListOrders, PlaceOrder, ShowOrder, list_orders, place_order, show_order};
pub use model::{Order, OrderId, OrderLine};
pub use view::{OrderDetails, OrderList, PlaceOrderForm};
