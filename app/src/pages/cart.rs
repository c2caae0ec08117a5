//! `/cart`: the visitor's cart.

use leptos::prelude::*;

use super::Head;
use crate::{
    cart::{CartPanel, show_cart},
    orders::PlaceOrderForm,
    source::HowItWorks,
    ui::{Failed, KeptPage, Waiting},
};

page!(CartPage, view);

fn view() -> AnyView {
    // The order form's token is drawn once for a page: where that is shown twice, both are one order.
    KeptPage::allow();
    let cart = Resource::new(|| (), |()| show_cart());
    let panel = move || {
        Suspend::new(async move {
            match cart.await {
                Ok(cart) => {
                    view! { <CartPanel cart checkout=|cart| view! { <PlaceOrderForm cart /> }.into_any() /> }
                        .into_any()
                }
                Err(error) => view! { <Failed error in_page=true /> }.into_any(),
            }
        })
    };
    view! {
        <Head title="Your cart" description="What you have chosen so far, kept in your session for as long as it lasts." />
        <h1>"Your cart"</h1>
        <Suspense fallback=|| view! { <Waiting words="Loading your cart…" /> }>{panel}</Suspense>
        <HowItWorks page="cart" />
    }
    .into_any()
}
