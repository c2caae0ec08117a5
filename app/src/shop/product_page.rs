//! `/products/{id}`: one product.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use web::ui::{Head, Load};

use super::{
    cart::AddToCartForm,
    catalog::{Product, ProductDetails, show_product},
};

web::page!(ProductPage, view);

fn view() -> AnyView {
    let params = use_params_map();
    let product =
        Resource::new(move || params.with(|params| params.get("id").unwrap_or_default()), show_product);
    view! { <Load resource=product show=|product| view! { <Details product /> }.into_any() in_page=false /> }
        .into_any()
}

#[component]
fn Details(product: Product) -> impl IntoView {
    let (id, is_available) = (product.id, product.stock > 0);
    view! {
        <Head title=product.name.clone() description=product.description.clone() />
        <ProductDetails product>{is_available.then(|| view! { <AddToCartForm product=id /> })}</ProductDetails>
    }
}
