//! The root component and the route table.

use std::sync::Arc;

use leptos::{prelude::*, server::SharedValue};
use leptos_meta::{Html, Title, provide_meta_context};
use leptos_router::{
    Lazy, SsrMode,
    components::{Route, Router, Routes},
    hooks::use_location,
    path,
};
use serde::{Deserialize, Serialize};

use crate::{
    flash::{NoticeBar, provide_notices},
    pages::{
        AccountPage, CookiesPage, HomePage, LoginPage, NotFoundPage, RegisterPage, SessionPage, VisitsPage,
    },
    ui::{Footer, Header, SkipLink, allow_skipped_transitions, focus_new_pages},
    visitor::{
        CurrentVisitor, SessionEnded, SessionWarning, follow_navigation, guard_private_pages, provide_tabs,
        provide_visitor, watch_session,
    },
};

// <shop>
use crate::pages::{CartPage, OrderPage, OrdersPage, ProductPage};
// </shop>

/// What the browser knows about the server's settings.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Site {
    /// Whether the sign-in page names the demo account.
    pub demo_account: bool,
}

/// Where the outside finds the site, for what wants whole addresses: scheme, host and port. On the server alone, where it is known.
#[derive(Clone, Debug)]
pub struct SiteUrl(pub Arc<str>);

/// The whole app: the same on the server and in the browser.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_context(SharedValue::new(|| use_context::<Site>().unwrap_or_default()).into_inner());
    let visitor = provide_visitor();
    view! {
        <Html attr:data-theme=move || visitor.theme().as_str() />
        <Title formatter=|title: String| format!("{title} · Satchel") />
        <Router>
            <Frame visitor />
        </Router>
    }
}

/// What stays while the pages change. `SsrMode::Async` renders a page whole before its first byte: it is complete without
/// JavaScript, and its status and cookies are still free while the session is read.
#[component]
fn Frame(visitor: CurrentVisitor) -> impl IntoView {
    provide_notices(visitor.notice());
    provide_tabs(visitor);
    watch_session(visitor);
    follow_navigation(visitor);
    guard_private_pages(visitor);
    forget_flash_on_leaving(visitor);
    focus_new_pages();
    allow_skipped_transitions();
    view! {
        <SkipLink />
        <Header />
        <main id="content" tabindex="-1">
            <NoticeBar />
            <SessionWarning />
            <SessionEnded />
            <div class="page" hidden=move || visitor.ended().is_some()>
            <Routes fallback=NotFoundPage transition=true>
                <Route path=path!("/") view=HomePage ssr=SsrMode::Async />
                // <shop>
                <Route path=path!("/products/:id") view={Lazy::<ProductPage>::new()} ssr=SsrMode::Async />
                <Route path=path!("/cart") view={Lazy::<CartPage>::new()} ssr=SsrMode::Async />
                <Route path=path!("/orders") view={Lazy::<OrdersPage>::new()} ssr=SsrMode::Async />
                <Route path=path!("/orders/:id") view={Lazy::<OrderPage>::new()} ssr=SsrMode::Async />
                // </shop>
                <Route path=path!("/visits") view={Lazy::<VisitsPage>::new()} ssr=SsrMode::Async />
                <Route path=path!("/session") view={Lazy::<SessionPage>::new()} ssr=SsrMode::Async />
                <Route path=path!("/cookies") view={Lazy::<CookiesPage>::new()} ssr=SsrMode::Async />
                <Route path=path!("/login") view={Lazy::<LoginPage>::new()} ssr=SsrMode::Async />
                <Route path=path!("/register") view={Lazy::<RegisterPage>::new()} ssr=SsrMode::Async />
                <Route path=path!("/account") view={Lazy::<AccountPage>::new()} ssr=SsrMode::Async />
            </Routes>
            </div>
        </main>
        <Footer />
    }
}

fn forget_flash_on_leaving(visitor: CurrentVisitor) {
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let now = path.get();
        if before.is_some_and(|before| before != now) {
            visitor.forget_flash();
        }
        now
    });
}
