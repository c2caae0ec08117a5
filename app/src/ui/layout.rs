//! The frame around every page.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::{
    auth::LogoutForm,
    nav,
    preferences::ThemeSwitch,
    visitor::{SignedIn, SignedOut, use_visitor},
};

// <shop>
use crate::cart::CartBadge;
// </shop>

/// The first stop of the keyboard, seen while it has the focus.
#[component]
pub fn SkipLink() -> impl IntoView {
    view! {
        // External: the router would scroll there, but leave the focus behind.
        <a class="skip-link" href="#content" rel="external">
            "Skip to content"
        </a>
    }
}

/// The name of the app, the ways to its pages, and who is visiting.
#[component]
pub fn Header(
    /// Whether nothing is known of the visitor.
    #[prop(optional)]
    bare: bool,
) -> impl IntoView {
    view! {
        <header class="site-header">
            <A href=nav::HOME attr:class="brand">
                "Satchel"
            </A>
            <nav aria-label="Main">
                <ul role="list">
                    <li>
                        <A href=nav::HOME exact=true>
                            "Catalogue"
                        </A>
                    </li>
                    <li>
                        <A href=nav::VISITS>"Visits"</A>
                    </li>
                    <li>
                        <A href=nav::SESSION>"Session"</A>
                    </li>
                    <li>
                        <A href=nav::COOKIES>"Cookies"</A>
                    </li>
                    // <shop>
                    <li>
                        <A href=nav::CART>"Cart" {(!bare).then(CartBadge)}</A>
                    </li>
                    {(!bare).then(|| view! { <OrdersLink /> })}
                    // </shop>
                </ul>
            </nav>
            {(!bare).then(|| view! { <VisitorCorner /> })}
        </header>
    }
}

// <shop>
#[component]
fn OrdersLink() -> impl IntoView {
    view! {
        <SignedIn>
            <li>
                <A href=nav::ORDERS>"Orders"</A>
            </li>
        </SignedIn>
    }
}
// </shop>

/// Who is visiting, the way in or out, and the theme.
#[component]
fn VisitorCorner() -> impl IntoView {
    let visitor = use_visitor();
    let name = move || visitor.user().map(|user| user.name);
    view! {
        <div class="visitor">
            <SignedIn>
                <A href=nav::ACCOUNT attr:class="visitor-name">
                    {name}
                </A>
                <LogoutForm />
            </SignedIn>
            <SignedOut>
                <span class="visitor-name">"Guest"</span>
                <A href=nav::LOGIN>"Sign in"</A>
            </SignedOut>
        </div>
        <ThemeSwitch />
    }
}

/// The foot of every page.
#[component]
pub fn Footer() -> impl IntoView {
    view! {
        <footer class="site-footer">
            <p>
                "Satchel is a starter for web apps that remember their visitors."
                // <shop>
                " Nothing here is really for sale."
                // </shop>
            </p>
        </footer>
    }
}
