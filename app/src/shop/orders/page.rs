//! `/orders`: the orders of the signed-in user.

use leptos::prelude::*;
use web::ui::{Head, Private};

use super::{api::list_orders, view::OrderList};

web::page!(OrdersPage, view);

fn view() -> AnyView {
    view! {
        <Head title="Your orders" description="What you have ordered." />
        <h1>"Your orders"</h1>
        <Private load=|_| list_orders() show=|orders| view! { <OrderList orders /> }.into_any() />
    }
    .into_any()
}
