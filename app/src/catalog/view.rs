//! Products as cards and as a page, and the way to find one.

use leptos::{
    ev::SubmitEvent,
    html::{Input, Select},
    prelude::*,
};
use leptos_router::NavigateOptions;

use super::{Product, ProductId, Sorting};
use crate::nav::{self, LocalPath};

/// The form that searches and sorts: a plain GET, so that a result has an address.
#[component]
pub fn SearchForm(
    /// What was looked for.
    q: String,
    /// The order.
    sorting: Sorting,
) -> impl IntoView {
    let (words, order) = (NodeRef::<Input>::new(), NodeRef::<Select>::new());
    let navigate = nav::use_local_navigate();
    // The same address as the plain form leads to, without loading the page. One that is too long is left to that.
    let show = move |event: SubmitEvent| {
        let typed = words.get_untracked().zip(order.get_untracked());
        let target =
            typed.and_then(|(words, order)| LocalPath::parse(&nav::search(&words.value(), &order.value())));
        if let Some(target) = target {
            event.prevent_default();
            navigate(&target, NavigateOptions::default());
        }
    };
    let options = Sorting::ALL.map(|option| {
        view! {
            <option value=option.as_str() selected=option == sorting>
                {option.label()}
            </option>
        }
    });
    view! {
        <search>
            <form method="get" action=nav::HOME class="search" on:submit=show>
                <div class="field">
                    <label for="q">"Search"</label>
                    <input node_ref=words id="q" name="q" type="search" autocomplete="off" value=q.clone() prop:value=q />
                </div>
                <div class="field">
                    <label for="sort">"Sort by"</label>
                    <select node_ref=order id="sort" name="sort">
                        {options.collect_view()}
                    </select>
                </div>
                <button type="submit" class="button">
                    "Show"
                </button>
            </form>
        </search>
    }
}

/// The products as cards; `action` makes what each card offers to do.
#[component]
pub fn ProductList(products: Vec<Product>, action: fn(ProductId) -> AnyView) -> impl IntoView {
    let cards = products.into_iter().map(|product| {
        let note = product.stock_note();
        view! {
            <li class="card">
                <ProductImage product=product.id />
                <h2 class="card-title">
                    <a href=nav::product(product.id)>{product.name}</a>
                </h2>
                <p class="card-text">{product.description}</p>
                <Price price=product.price.to_string() note />
                {(product.stock > 0).then(|| action(product.id))}
            </li>
        }
    });
    view! { <ul class="cards" role="list">{cards.collect_view()}</ul> }
}

/// One product.
#[component]
pub fn ProductDetails(product: Product, children: Children) -> impl IntoView {
    let note = product.stock_note();
    view! {
        <article class="product">
            <ProductImage product=product.id />
            <h1>{product.name}</h1>
            <p class="lead">{product.description}</p>
            <Price price=product.price.to_string() note />
            {children()}
        </article>
    }
}

/// A drawing of the product. The name stands beside it, so it has nothing to add for who does not see it.
#[component]
fn ProductImage(product: ProductId) -> impl IntoView {
    view! { <img class="drawing" src=format!("/images/{product}.svg") alt="" width="160" height="120" /> }
}

/// What it costs, and what is said about the stock.
#[component]
fn Price(price: String, note: Option<String>) -> impl IntoView {
    view! {
        <p class="price">
            {price} {note.map(|note| view! { " " <span class="stock">{note}</span> })}
        </p>
    }
}
