//! `/`: the catalogue, or the results of a search.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use web::ui::{Head, Load};

use super::{
    cart::AddToCartForm,
    catalog::{Product, ProductList, SearchForm, list_products},
};

/// The page. Its code is part of the first file, because most visitors open it first.
#[component]
pub fn HomePage() -> impl IntoView {
    let search = use_search();
    let products = Resource::new(move || search.get(), |(q, sort)| list_products(q, sort));
    let form = move || {
        let (q, sort) = search.get();
        view! { <SearchForm q sort /> }
    };
    view! {
        <Head title="Catalogue" description="Twelve things for people who carry their work with them, and a cart that stays as you left it." />
        <h1>"Things worth carrying"</h1>
        <p class="lead">"Put something into your cart. It stays there: through reloads, restarts of the server and signing in."</p>
        {form}
        <Load resource=products show=|products| view! { <Results products /> }.into_any() placeholder="Loading the catalogue…" />
    }
}

/// The words and the order of the search in the page's address.
fn use_search() -> Memo<(String, String)> {
    let query = use_query_map();
    Memo::new(move |_| {
        query.with(|query| (query.get("q").unwrap_or_default(), query.get("sort").unwrap_or_default()))
    })
}

/// The products, and their number after a search.
#[component]
fn Results(products: Vec<Product>) -> impl IntoView {
    let (q, _) = use_search().get_untracked();
    let count = (!q.trim().is_empty()).then(|| view! { <ResultCount q count=products.len() /> });
    view! {
        <div aria-live="polite">{count}</div>
        <ProductList products action=|product| view! { <AddToCartForm product /> }.into_any() />
    }
}

#[component]
fn ResultCount(q: String, count: usize) -> impl IntoView {
    if count == 0 {
        return view! {
            <div class="empty">
                <p class="empty-title found">{format!("No results for \u{201c}{q}\u{201d}.")}</p>
                <p>"Try another word, or fewer words."</p>
                <p>
                    <a href="/">"Show all products"</a>
                </p>
            </div>
        }
        .into_any();
    }
    let unit = if count == 1 { "result" } else { "results" };
    view! {
        <p class="found">
            {format!("{count} {unit}.")} " " <a href="/">"Show all"</a>
        </p>
    }
    .into_any()
}
