//! One file for each route; a page composes domains.

mod account;
mod cookies;
mod home;
mod login;
mod not_found;
mod register;
mod session;
mod visits;

pub(crate) use account::AccountPage;
pub(crate) use cookies::CookiesPage;
pub(crate) use home::HomePage;
pub(crate) use login::LoginPage;
pub(crate) use not_found::NotFoundPage;
pub(crate) use register::RegisterPage;
pub(crate) use session::SessionPage;
pub(crate) use visits::VisitsPage;

// <shop>
mod cart;
mod order;
mod orders;
mod product;

pub(crate) use cart::CartPage;
pub(crate) use order::OrderPage;
pub(crate) use orders::OrdersPage;
pub(crate) use product::ProductPage;
// </shop>

use leptos::prelude::*;
use leptos_meta::{Meta, Title};

/// The page's title and its one-sentence description, for search engines and for where its link is shared.
#[component]
fn Head(#[prop(into)] title: String, #[prop(into)] description: String) -> impl IntoView {
    view! {
        <Title text=title.clone() />
        <Meta property="og:title" content=title />
        <Meta name="description" content=description.clone() />
        <Meta property="og:description" content=description />
    }
}
