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
    let told = match products.len() {
        _ if !searched => None,
        0 => Some(view! { <NothingFound q /> }.into_any()),
        1 => Some(count("One thing found.".to_owned()).into_any()),
        many => Some(count(format!("{many} things found.")).into_any()),
    };
    view! {
        <div aria-live="polite">{told}</div>
        {if use_visitor().failure().is_some() { list(products).into_any() } else { LISTS.show(products, list) }}
    }
}

fn count(words: String) -> impl IntoView {
    view! {
        <p class="found">
            {words} " " <a href=nav::HOME>"Show all"</a>
        </p>
    }
}

#[component]
fn NothingFound(q: String) -> impl IntoView {
    view! {
        <div class="empty">
            <p class="empty-title found">{format!("Nothing found for \u{201c}{q}\u{201d}.")}</p>
            <p>"Try another word, or fewer of them."</p>
            <p>
                <a href=nav::HOME>"Show all things"</a>
            </p>
        </div>
    }
}

/// The lists as everybody sees them but who was refused in one of their forms.
static LISTS: KeptHtml<Vec<Product>> = KeptHtml::empty();

fn list(products: Vec<Product>) -> impl IntoView {
    view! { <ProductList products action=|product| view! { <AddToCartForm product /> }.into_any() /> }
}
