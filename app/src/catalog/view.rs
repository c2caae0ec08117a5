//! Products as cards and as a page.

use leptos::prelude::*;

use super::{Product, ProductId};
use crate::nav;

/// The products as cards; `action` makes what each card offers to do.
#[component]
pub fn ProductList(products: Vec<Product>, action: fn(ProductId) -> AnyView) -> impl IntoView {
    let cards = products.into_iter().map(|product| {
        view! {
            <li class="card">
                <h2 class="card-title">
                    <a href=nav::product(product.id)>{product.name}</a>
                </h2>
                <p class="card-text">{product.description}</p>
                <p class="price">{product.price.to_string()}</p>
                {action(product.id)}
            </li>
        }
    });
    view! { <ul class="cards" role="list">{cards.collect_view()}</ul> }
}

/// One product.
#[component]
pub fn ProductDetails(product: Product, children: Children) -> impl IntoView {
    view! {
        <article class="product">
            <h1>{product.name}</h1>
            <p class="lead">{product.description}</p>
            <p class="price">{product.price.to_string()}</p>
            {children()}
        </article>
    }
}
