//! `/orders/{id}`: one of the signed-in user's orders.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::Head;
use crate::{
    nav,
    orders::{OrderDetails, show_order},
    ui::Private,
};

page!(OrderPage, view);

fn view() -> AnyView {
    let params = use_params_map();
    let id = Signal::derive(move || params.with(|params| params.get("id").unwrap_or_default()));
    view! {
        <Head title="Your order" description="What you have ordered, at the prices of that day." />
        <Private
            key=id
            load=show_order
            show=|order| view! { <OrderDetails order /> }.into_any()
        />
        <p>
            <a href=nav::ORDERS>"All your orders"</a>
        </p>
    }
    .into_any()
}
