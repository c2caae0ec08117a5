//! `/orders/{id}`: one order of the signed-in user.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use web::ui::{Head, Private};

use super::{PAGE, api::show_order, view::OrderDetails};

web::page!(OrderPage, view);

fn view() -> AnyView {
    let params = use_params_map();
    let id = Signal::derive(move || params.with(|params| params.get("id").unwrap_or_default()));
    view! {
        <Head title="Your order" description="What you have ordered, at the prices of that day." />
        <Private key=id load=show_order show=|order| view! { <OrderDetails order /> }.into_any() in_page=false />
        <p>
            <a href=PAGE>"All your orders"</a>
        </p>
    }
    .into_any()
}
