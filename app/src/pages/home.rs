//! `/`: the catalogue.

use leptos::prelude::*;

use super::Head;
use crate::{
    cart::AddToCartForm,
    catalog::{ProductList, list_products},
    ui::Failed,
};

#[component]
pub(crate) fn HomePage() -> impl IntoView {
    let products = Resource::new(|| (), |()| list_products());
    let list = move || {
        Suspend::new(async move {
            match products.await {
                Ok(products) => {
                    view! { <ProductList products action=|product| view! { <AddToCartForm product /> }.into_any() /> }
                        .into_any()
                }
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <Head title="Catalogue" description="Twelve things for people who carry their work with them." />
        <h1>"Things worth carrying"</h1>
        <p class="lead">"Put something into your cart. It stays there: through reloads, restarts of the server and signing in."</p>
        <Suspense fallback=|| view! { <p>"Loading the catalogue…"</p> }>{list}</Suspense>
    }
}
