//! The layout around every page: header and footer.

use leptos::prelude::*;
use leptos_router::components::A;
use web::{
    feature::{Features, NavLink},
    path::SIGN_IN_PAGE,
    visitor::{SignedIn, SignedOut, use_visitor},
};

use crate::{account, auth::LogoutForm, preferences::ThemeSwitch};

/// The first link for keyboard users, visible while it has the focus.
#[component]
pub fn SkipLink() -> impl IntoView {
    view! {
        // External, because the router would scroll, but not move the focus.
        <a class="skip-link" href="#content" rel="external">
            "Skip to content"
        </a>
    }
}

/// The name of the app, the navigation, and the visitor.
#[component]
pub fn Header(
    /// Leaves out everything that depends on the visitor.
    #[prop(optional)]
    without_visitor: bool,
) -> impl IntoView {
    let links = Features::current().nav().map(|link| view! { <HeaderLink link without_visitor /> });
    view! {
        <header class="site-header">
            <A href="/" attr:class="brand">
                "Satchel"
            </A>
            <nav aria-label="Main">
                <ul role="list">{links.collect_view()}</ul>
            </nav>
            {(!without_visitor).then(|| view! { <VisitorCorner /> })}
        </header>
    }
}

#[component]
fn HeaderLink(link: &'static NavLink, without_visitor: bool) -> impl IntoView {
    let item = move || {
        let badge = link.badge.filter(|_| !without_visitor).map(|badge| badge());
        view! {
            <li>
                <A href=link.path exact={link.path == "/"}>
                    {link.label} {badge}
                </A>
            </li>
        }
    };
    if !link.signed_in_only {
        return item().into_any();
    }
    (!without_visitor).then(|| view! { <SignedIn>{item()}</SignedIn> }).into_any()
}

/// The user's name or "Guest", sign-in or sign-out, and the theme.
#[component]
fn VisitorCorner() -> impl IntoView {
    let visitor = use_visitor();
    let name = move || visitor.user().map(|user| user.name);
    view! {
        <div class="visitor">
            <SignedIn>
                <A href=account::PAGE attr:class="visitor-name">
                    {name}
                </A>
                <LogoutForm />
            </SignedIn>
            <SignedOut>
                <span class="visitor-name">"Guest"</span>
                <A href=SIGN_IN_PAGE>"Sign in"</A>
            </SignedOut>
        </div>
        <ThemeSwitch />
    }
}

/// The footer.
#[component]
pub fn Footer() -> impl IntoView {
    view! {
        <footer class="site-footer">
            <p>"Satchel is a starter for session-backed web apps. Nothing here is really for sale."</p>
        </footer>
    }
}
