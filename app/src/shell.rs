//! The HTML documents around the app, and around the page for failed requests.

use leptos::{hydration::AutoReload, hydration::HydrationScripts, nonce::use_nonce, prelude::*};
use leptos_meta::{HashedStylesheet, MetaTags};
use leptos_router::{components::Router, location::RequestUrl};
use web::{document::LATER, failure::gap, feature::Features};

use crate::{
    App, FEATURES, SiteUrl,
    layout::{Footer, Header, SkipLink},
};

/// The document of every page.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <CommonHead options=options.clone() />
                <SocialTags />
                <AutoReload options=options.clone() />
                <Scripts options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The page for failed requests, with [gaps](gap) for the error. It depends on no visitor, because reading the session may have failed,
/// and has no scripts.
#[must_use]
pub fn failure_page(options: LeptosOptions) -> String {
    let owner = Owner::new();
    let page = owner.with(|| {
        // An address without a link in the header.
        provide_context(RequestUrl::new("/failure"));
        provide_context(Features(FEATURES));
        failure_document(options).to_html()
    });
    owner.cleanup();
    page
}

fn failure_document(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme="system">
            <head>
                <CommonHead options />
                <meta name="robots" content="noindex" />
                <title inner_html=format!("{} · Satchel", gap("title"))></title>
            </head>
            <body>
                <Router>
                    <SkipLink />
                    <Header without_visitor=true />
                    <main id="content" tabindex="-1">
                        <div class="page empty">
                            <h1 inner_html=gap("title")></h1>
                            <p inner_html=gap("message")></p>
                            <div class="help" inner_html=gap("more")></div>
                            <p>
                                <a href="/">"Go to the home page"</a>
                            </p>
                        </div>
                    </main>
                    <Footer />
                </Router>
            </body>
        </html>
    }
}

#[component]
fn CommonHead(options: LeptosOptions) -> impl IntoView {
    view! {
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        // The colour of the header in both themes: --flap in style/tokens.css.
        <meta name="theme-color" content="#1b3a2a" />
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        <link rel="apple-touch-icon" href="/apple-touch-icon.png" />
        <link rel="manifest" href="/manifest.webmanifest" />
        <HashedStylesheet options id="style" />
    }
}

/// Loads the app's code after the page is shown, and hydrates it.
#[component]
fn Scripts(options: LeptosOptions) -> impl IntoView {
    // Not shown: its script would load the code together with the page. But it also finds the code of each lazy page.
    let _ = view! { <HydrationScripts options=options.clone() /> };
    let (root, name) = (format!("/{}", options.site_pkg_dir), options.output_name);
    view! {
        <link
            rel=LATER
            r#as="fetch"
            r#type="application/wasm"
            crossorigin="anonymous"
            href=format!("{root}/{name}.wasm")
        />
        <script type="module" nonce=use_nonce()>
            {format!("{}({root:?}, {name:?})", include_str!("wake.js").trim_end())}
        </script>
    }
}

/// How shared links of a page look (Open Graph protocol). The image needs an absolute address.
#[component]
fn SocialTags() -> impl IntoView {
    let tag = |property: &'static str, content: String| {
        leptos::html::meta().attr("property", property).content(content)
    };
    let image = use_context::<SiteUrl>().map(|SiteUrl(url)| {
        view! {
            {tag("og:image", format!("{url}/social.png"))}
            {tag("og:image:alt", "Satchel: web apps that remember their visitors".to_owned())}
            <meta name="twitter:card" content="summary_large_image" />
        }
    });
    view! {
        {tag("og:type", "website".to_owned())}
        {tag("og:site_name", "Satchel".to_owned())}
        {image}
    }
}
