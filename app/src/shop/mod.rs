//! The shop: a catalogue, a cart in the session of guests and users, and orders of signed-in users.

pub mod cart;
mod cart_page;
pub mod catalog;
mod home_page;
pub mod orders;
mod product_page;
#[cfg(feature = "ssr")]
mod server;

use leptos::prelude::*;
use server_fn::ServerFn;
use web::feature::{Feature, Form, NavLink};

use cart::{AddToCart, ClearCart, RemoveFromCart, RestoreCart, SetQuantity, ShowCart};
pub use cart_page::CartPage;
use catalog::{ListProducts, SearchForm, ShowProduct};
pub use home_page::HomePage;
use orders::PlaceOrder;
pub use orders::{OrderPage, OrdersPage};
pub use product_page::ProductPage;

#[cfg(feature = "ssr")]
use server::SERVER;
#[cfg(not(feature = "ssr"))]
use web::feature::NO_SERVER as SERVER;

const CART: &str = "/cart";

/// An empty search form.
pub fn search_box() -> AnyView {
    view! { <SearchForm q=String::new() sort=String::new() /> }.into_any()
}

/// What the app needs to know of this feature.
pub const FEATURE: Feature = Feature {
    nav: &[
        NavLink::new("Catalogue", "/"),
        NavLink::new("Cart", CART).badge(cart::badge),
        NavLink::new("Orders", orders::PAGE).for_users(),
    ],
    public: &[
        "/",
        "/products/:id",
        CART,
        ListProducts::PATH,
        ShowProduct::PATH,
        ShowCart::PATH,
        AddToCart::PATH,
        SetQuantity::PATH,
        RemoveFromCart::PATH,
        ClearCart::PATH,
        RestoreCart::PATH,
    ],
    sitemap: &["/"],
    forms: &[
        Form::to::<AddToCart>().on("/").success("Added to your cart.").refill(&["product", "quantity"]),
        Form::to::<SetQuantity>()
            .on(CART)
            .success("Your cart has been updated.")
            .refill(&["product", "quantity"]),
        // The page shows what was removed, with "Undo".
        Form::to::<RemoveFromCart>().on(CART).refill(&["product"]),
        Form::to::<ClearCart>().on(CART),
        Form::to::<RestoreCart>().on(CART).success("Your cart has been restored."),
        Form::to::<PlaceOrder>().on(CART).go(orders::PAGE).success("Your order has been placed. Thank you!"),
    ],
    session_keys: &["cart"],
    provide: Some(cart::provide_cart_count),
    server: SERVER,
    ..Feature::EMPTY
};
