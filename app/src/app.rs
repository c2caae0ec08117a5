//! The root component and the routes.

use leptos::{prelude::*, server::SharedValue};
use leptos_meta::{Html, Title, provide_meta_context};
use leptos_router::{
    Lazy, SsrMode,
    components::{Route, Router, Routes},
    path,
};
use web::{
    feature::Features,
    flash::{NoticeBar, provide_notices},
    ui::{focus_new_pages, ignore_skipped_transitions},
    visitor::{CurrentVisitor, SessionWarning, follow_navigation, provide_tabs, provide_visitor},
};

use crate::{
    FEATURES, PublicSettings,
    auth::SessionEnded,
    layout::{Footer, Header, SkipLink},
    not_found::NotFoundPage,
    preferences::Theme,
};

/// The whole app: the same on the server and in the browser.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_context(Features(FEATURES));
    provide_context(SharedValue::new(|| use_context::<PublicSettings>().unwrap_or_default()).into_inner());
    let visitor = provide_visitor();
    for feature in FEATURES {
        feature.provide.inspect(|provide| provide());
    }
    let theme = move || visitor.value::<Theme>().as_str();
    view! {
        <Html attr:data-theme=theme />
        <Title formatter=|title: String| format!("{title} · Satchel") />
        <Router>
            <Frame visitor />
        </Router>
    }
}

/// What stays while the pages change.
#[component]
fn Frame(visitor: CurrentVisitor) -> impl IntoView {
    provide_notices(visitor.notice());
    provide_tabs(visitor);
    follow_navigation(visitor);
    focus_new_pages();
    ignore_skipped_transitions();
    let below_page = FEATURES.iter().filter_map(|feature| feature.below_page).map(|below| below());
    view! {
        <SkipLink />
        <Header />
        <main id="content" tabindex="-1">
            <NoticeBar />
            <SessionWarning />
            <SessionEnded />
            <div class="page" hidden=move || visitor.ended().is_some()>
                <Pages />
                {below_page.collect_view()}
            </div>
        </main>
        <Footer />
    }
}

/// The routes. `SsrMode::Async` renders a page completely before its first byte, so that it needs no JavaScript, and its status and cookies
/// can still be set while the session is read.
#[component]
fn Pages() -> impl IntoView {
    view! {
        <Routes fallback=NotFoundPage transition=true>
            <Route path=path!("/") view=crate::shop::HomePage ssr=SsrMode::Async />
            <Route path=path!("/products/:id") view={Lazy::<crate::shop::ProductPage>::new()} ssr=SsrMode::Async />
            <Route path=path!("/cart") view={Lazy::<crate::shop::CartPage>::new()} ssr=SsrMode::Async />
            <Route path=path!("/orders") view={Lazy::<crate::shop::OrdersPage>::new()} ssr=SsrMode::Async />
            <Route path=path!("/orders/:id") view={Lazy::<crate::shop::OrderPage>::new()} ssr=SsrMode::Async />
            <Route path=path!("/visits") view={Lazy::<crate::visits::VisitsPage>::new()} ssr=SsrMode::Async />
            <Route path=path!("/session") view={Lazy::<crate::explorer::SessionPage>::new()} ssr=SsrMode::Async />
            <Route path=path!("/cookies") view={Lazy::<crate::cookies::CookiesPage>::new()} ssr=SsrMode::Async />
            <Route path=path!("/login") view={Lazy::<crate::auth::LoginPage>::new()} ssr=SsrMode::Async />
            <Route path=path!("/register") view={Lazy::<crate::auth::RegisterPage>::new()} ssr=SsrMode::Async />
            <Route path=path!("/account") view={Lazy::<crate::account::AccountPage>::new()} ssr=SsrMode::Async />
        </Routes>
    }
}
