//! One file for each route; a page composes domains.

/// Makes `$page` the route of a page that `$view` shows. With the feature `split`, which `bin/build` turns on, the code of `$view` is a file
/// of its own that is fetched when the page is opened. Without it all pages are in one file, as plain cargo-leptos builds it.
macro_rules! page {
    ($page:ident, $view:ident) => {
        pub(crate) struct $page;

        #[cfg_attr(feature = "split", leptos_router::lazy_route)]
        impl leptos_router::LazyRoute for $page {
            fn data() -> Self {
                Self
            }

            #[cfg(feature = "split")]
            fn view(_page: Self) -> leptos::prelude::AnyView {
                $view()
            }

            #[cfg(not(feature = "split"))]
            async fn view(_page: Self) -> leptos::prelude::AnyView {
                $view()
            }
        }
    };
}

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
