//! `/products/{id}`: one product.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::Head;
use crate::{
    cart::AddToCartForm,
    catalog::{ProductDetails, show_product},
    ui::{Failed, KeptPage, Waiting},
};

page!(ProductPage, view);

fn view() -> AnyView {
    KeptPage::allow();
    let params = use_params_map();
    let product =
        Resource::new(move || params.with(|params| params.get("id").unwrap_or_default()), show_product);
    let details = move || {
        Suspend::new(async move {
            match product.await {
                Ok(product) => {
                    let (id, there) = (product.id, product.stock > 0);
                    view! {
                        <Head title=product.name.clone() description=product.description.clone() />
                        <ProductDetails product>
                            {there.then(|| view! { <AddToCartForm product=id /> })}
                        </ProductDetails>
                    }
                    .into_any()
                }
                Err(error) => view! {
                    <Head title="Not found" description="There is no such thing." />
                    <Failed error />
                }
                .into_any(),
            }
        })
    };
    view! { <Suspense fallback=|| view! { <Waiting words="Loading…" /> }>{details}</Suspense> }.into_any()
}
