//! `/orders`: what the signed-in user has ordered.

use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

use super::Head;
use crate::{
    orders::{OrderList, list_orders},
    ui::Private,
};

pub(crate) struct OrdersPage;

#[lazy_route]
impl LazyRoute for OrdersPage {
    fn data() -> Self {
        Self
    }

    fn view(_page: Self) -> AnyView {
        view! {
            <Head title="Your orders" description="What you have ordered." />
            <h1>"Your orders"</h1>
            <Private in_page=true load=|_| list_orders() show=|orders| view! { <OrderList orders /> }.into_any() />
        }
        .into_any()
    }
}
