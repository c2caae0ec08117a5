//! `/cart`: the visitor's cart.

use leptos::prelude::*;
use web::ui::{Head, Load};

use super::{
    cart::{CartPanel, PricedCart, show_cart},
    orders::PlaceOrderForm,
};

web::page!(CartPage, view);

fn view() -> AnyView {
    let cart = Resource::new(|| (), |()| show_cart());
    view! {
        <Head title="Your cart" description="The products that you have chosen, kept in your session." />
        <h1>"Your cart"</h1>
        <Load resource=cart show=panel placeholder="Loading your cart…" />
    }
    .into_any()
}

fn panel(cart: PricedCart) -> AnyView {
    view! { <CartPanel cart checkout=|cart| view! { <PlaceOrderForm cart /> }.into_any() /> }.into_any()
}
