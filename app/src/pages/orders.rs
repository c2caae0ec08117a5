//! `/orders`: what the signed-in user has ordered.

use leptos::prelude::*;

use super::Head;
use crate::{
    orders::{OrderList, list_orders},
    ui::Private,
};

page!(OrdersPage, view);

fn view() -> AnyView {
    view! {
        <Head title="Your orders" description="What you have ordered." />
        <h1>"Your orders"</h1>
        <Private in_page=true load=|_| list_orders() show=|orders| view! { <OrderList orders /> }.into_any() />
    }
    .into_any()
}
