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
    let product = Resource::new(move || params.read().get("id").unwrap_or_default(), show_product);
    view! { <Load resource=product show=details in_page=false /> }.into_any()
}

fn details(product: Product) -> AnyView {
    let (id, is_available) = (product.id, product.stock > 0);
    view! {
        <Head title=product.name.clone() description=product.description.clone() />
        <ProductDetails product>{is_available.then(|| view! { <AddToCartForm product=id /> })}</ProductDetails>
    }
    .into_any()
}
