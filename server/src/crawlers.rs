//! What search engines are told: what is not for them, and which pages there are (robots.txt, RFC 9309; sitemaps.org, protocol 0.9).

use app::{SiteUrl, error::AppError, nav};
use axum::{
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};

use crate::{AppState, failure};

// <shop>
use app::catalog::{Search, Sorting, store::search_products};
// </shop>

/// Where it is said what is not for them.
pub const ROBOTS: &str = "/robots.txt";
/// Where the pages are listed.
pub const SITEMAP: &str = "/sitemap.xml";

/// What is no page is not for them.
pub async fn robots(State(state): State<AppState>) -> String {
    let sitemap = state.url.as_ref().map(|SiteUrl(url)| format!("\nSitemap: {url}{SITEMAP}\n"));
    format!("User-agent: *\nDisallow: {}\n{}", nav::API, sitemap.unwrap_or_default())
}

/// The pages that everybody may see. They are listed by whole addresses: where those are not known, there is no list.
pub async fn sitemap(State(state): State<AppState>) -> Response {
    let Some(SiteUrl(url)) = &state.url else { return failure::page(&AppError::NotFound) };
    let paths = nav::PUBLIC.iter().map(|path| (*path).to_owned());
    // <shop>
    let products = match search_products(&state.backend.db, &Search::default(), Sorting::default()).await {
        Ok(products) => products,
        Err(error) => return failure::page(&error.into()),
    };
    let paths = paths.chain(products.iter().map(|product| nav::product(product.id)));
    // </shop>
    let entries: String = paths.map(|path| format!("<url><loc>{url}{path}</loc></url>\n")).collect();
    let list = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n{entries}</urlset>\n"
    );
    ([(CONTENT_TYPE, "application/xml")], list).into_response()
}
