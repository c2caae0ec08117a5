//! The components of the catalogue: the search form, cards and details of products.

use leptos::{
    ev::SubmitEvent,
    html::{Input, Select},
    prelude::*,
};
use leptos_router::NavigateOptions;
use web::path::{LocalPath, use_local_navigate};

use super::{Product, ProductId, Sorting, product_page};

/// The form that searches for `q` and sorts: a plain GET, so that results have a URL.
#[component]
pub fn SearchForm(q: String, sort: String) -> impl IntoView {
    let (words, order) = (NodeRef::<Input>::new(), NodeRef::<Select>::new());
    let navigate = use_local_navigate();
    // Not the form of the router, which adds an empty field for a button without a name.
    let search = move |event: SubmitEvent| {
        let typed = words.get_untracked().zip(order.get_untracked());
        // A URL that is too long is left to the browser.
        let page =
            typed.and_then(|(words, order)| LocalPath::parse(&search_page(&words.value(), &order.value())));
        if let Some(page) = page {
            event.prevent_default();
            navigate(&page, NavigateOptions::default());
        }
    };
    let options = Sorting::ALL.map(|(_, value, label)| {
        view! {
            <option value=value selected=value == sort>
                {label}
            </option>
        }
    });
    view! {
        <search>
            <form method="get" action="/" class="search" on:submit=search>
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
                    "Search"
                </button>
            </form>
        </search>
    }
}

fn search_page(q: &str, sort: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("q", q)
        .append_pair("sort", sort)
        .finish();
    format!("/?{query}")
}

/// The products as cards. `action` makes the form of each card.
#[component]
pub fn ProductList(products: Vec<Product>, action: fn(ProductId) -> AnyView) -> impl IntoView {
    let cards = products.into_iter().map(|product| {
        let note = product.stock_note();
        view! {
            <li class="card">
                <ProductImage product=product.id />
                <h2 class="card-title">
                    <a href=product_page(product.id)>{product.name}</a>
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

/// A drawing of the product. Decorative, because the name is beside it.
#[component]
fn ProductImage(product: ProductId) -> impl IntoView {
    view! { <img class="drawing" src=format!("/images/{product}.svg") alt="" width="160" height="120" /> }
}

/// The price, and a note about the stock.
#[component]
fn Price(price: String, note: Option<String>) -> impl IntoView {
    view! {
        <p class="price">
            {price} {note.map(|note| view! { " " <span class="stock">{note}</span> })}
        </p>
    }
}
