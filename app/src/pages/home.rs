//! `/`: the catalogue, whole or what a search finds in it.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::Head;
use crate::{
    cart::AddToCartForm,
    catalog::{Product, ProductList, SearchForm, Sorting, list_products},
    nav,
    source::HowItWorks,
    ui::{Failed, KeptHtml, KeptPage, Waiting},
    visitor::use_visitor,
};

#[component]
pub(crate) fn HomePage() -> impl IntoView {
    KeptPage::allow();
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        query.with(|query| (query.get("q").unwrap_or_default(), query.get("sort").unwrap_or_default()))
    });
    let products = Resource::new(move || asked.get(), |(q, sort)| list_products(q, sort));
    let list = move || {
        Suspend::new(async move {
            match products.await {
                Ok(products) => view! { <Found products q=asked.get_untracked().0 /> }.into_any(),
                Err(error) => view! { <Failed error in_page=true /> }.into_any(),
            }
        })
    };
    let search = move || {
        let (q, sort) = asked.get();
        view! { <SearchForm q sorting=Sorting::parse(&sort) /> }
    };
    view! {
        <Head title="Catalogue" description="Twelve things for people who carry their work with them, and a cart that stays as you left it." />
        <h1>"Things worth carrying"</h1>
        <p class="lead">"Put something into your cart. It stays there: through reloads, restarts of the server and signing in."</p>
        {search}
        <Transition fallback=|| view! { <Waiting words="Loading the catalogue…" /> }>{list}</Transition>
        <HowItWorks page="catalog" />
    }
}

/// The products that were found, and how many where somebody searched.
#[component]
fn Found(products: Vec<Product>, q: String) -> impl IntoView {
    let searched = !q.trim().is_empty();
    let count = match products.len() {
        0 => format!("Nothing found for \u{201c}{q}\u{201d}."),
        1 => "One thing found.".to_owned(),
        count => format!("{count} things found."),
    };
    let empty = products.is_empty();
    view! {
        <div aria-live="polite">
            {searched
                .then(|| {
                    view! {
                        <p class="found">
                            {count} " " <a href=nav::HOME>{if empty { "Show all things" } else { "Show all" }}</a>
                        </p>
                    }
                })}
        </div>
        {if use_visitor().failure().is_some() { list(products).into_any() } else { LISTS.show(products, list) }}
    }
}

/// The lists as everybody sees them but who was refused in one of their forms.
static LISTS: KeptHtml<Vec<Product>> = KeptHtml::empty();

fn list(products: Vec<Product>) -> impl IntoView {
    view! { <ProductList products action=|product| view! { <AddToCartForm product /> }.into_any() /> }
}
