//! The HTML documents around the app, and around the page that tells of a failure.

use leptos::{hydration::AutoReload, hydration::HydrationScripts, nonce::use_nonce, prelude::*};
use leptos_meta::{HashedStylesheet, MetaTags};
use leptos_router::{components::Router, location::RequestUrl};

use crate::{
    App, SiteUrl,
    document::LATER,
    language::LANGUAGE,
    nav,
    ui::{Footer, Header, SkipLink},
};

/// The document that the server sends.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang=LANGUAGE.tag>
            <head>
                <Basics options=options.clone() />
                <SharedLink />
                <AutoReload options=options.clone() />
                <Wake options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The page that tells of a failure, with gaps for what happened: `<title></title>`, and marks such as `<!-- words --><!-- /words -->`.
/// It knows no visitor, because what failed may be the session, and runs no code of the app, which would look for the page that
/// could not be made.
#[must_use]
pub fn failure_page(options: LeptosOptions) -> String {
    let owner = Owner::new();
    let page = owner.with(|| {
        // A page of its own: no link to another one says that one is there.
        provide_context(RequestUrl::new("/failure"));
        failure_document(options).to_html()
    });
    owner.cleanup();
    page
}

/// Where the server writes what happened.
fn gap(name: &str) -> String {
    format!("<!-- {name} --><!-- /{name} -->")
}

fn failure_document(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang=LANGUAGE.tag data-theme="system">
            <head>
                <Basics options />
                <meta name="robots" content="noindex" />
                <title></title>
            </head>
            <body>
                <Router>
                    <SkipLink />
                    <Header bare=true />
                    <main id="content" tabindex="-1">
                        <div class="page empty">
                            <h1 inner_html=gap("title")></h1>
                            <p inner_html=gap("words")></p>
                            <div class="help" inner_html=gap("more")></div>
                            <p>
                                <a href=nav::HOME>"Back to the catalogue"</a>
                            </p>
                        </div>
                    </main>
                    <Footer />
                </Router>
            </body>
        </html>
    }
}

/// What stands in every document's head.
#[component]
fn Basics(options: LeptosOptions) -> impl IntoView {
    view! {
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        // The flap of the satchel, dark in both themes: --flap in style/tokens.css.
        <meta name="theme-color" content="#1b3a2a" />
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        <link rel="apple-touch-icon" href="/apple-touch-icon.png" />
        <link rel="manifest" href="/manifest.webmanifest" />
        <HashedStylesheet options id="style" />
    }
}

/// Fetches the app's code once the page is there, and wakes the page up.
#[component]
fn Wake(options: LeptosOptions) -> impl IntoView {
    // Leptos' own script fetches it beside the page, but its component also finds out which page has which code.
    let _beside_the_page = view! { <HydrationScripts options=options.clone() /> };
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

/// What is shown of a page where its link is shared (the Open Graph protocol). The picture wants a whole address.
#[component]
fn SharedLink() -> impl IntoView {
    let tag = |property: &'static str, content: String| {
        leptos::html::meta().attr("property", property).content(content)
    };
    let picture = use_context::<SiteUrl>().map(|SiteUrl(url)| {
        view! {
            {tag("og:image", format!("{url}/social.png"))}
            {tag("og:image:alt", "Satchel: web apps that remember their visitors".to_owned())}
            <meta name="twitter:card" content="summary_large_image" />
        }
    });
    view! {
        {tag("og:type", "website".to_owned())}
        {tag("og:site_name", "Satchel".to_owned())}
        {picture}
    }
}
