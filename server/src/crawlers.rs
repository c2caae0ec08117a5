//! Files for search engines: `robots.txt` (RFC 9309) and the sitemap (sitemaps.org, protocol 0.9).

use app::SiteUrl;
use axum::{
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use web::{error::AppError, failure, feature::API, site::Site};

/// The path of `robots.txt`.
pub const ROBOTS: &str = "/robots.txt";
/// The path of the sitemap.
pub const SITEMAP: &str = "/sitemap.xml";

/// Excludes the server functions, and refers to the sitemap.
pub async fn robots(State(url): State<Option<SiteUrl>>) -> String {
    let sitemap = url.map(|SiteUrl(url)| format!("\nSitemap: {url}{SITEMAP}\n"));
    format!("User-agent: *\nDisallow: {API}\n{}", sitemap.unwrap_or_default())
}

/// Lists the pages of all features. A sitemap needs absolute addresses, so there is none without `SITE_URL`.
pub async fn sitemap(State(url): State<Option<SiteUrl>>, State(site): State<Site>) -> Response {
    let Some(SiteUrl(url)) = url else { return failure::page(&AppError::NotFound) };
    let mut paths = Vec::new();
    for feature in site.features.0 {
        paths.extend(feature.sitemap.iter().map(|path| (*path).to_owned()));
        match feature.server.sitemap(&site.db).await {
            Ok(more) => paths.extend(more),
            Err(error) => return failure::page(&error),
        }
    }
    let entries: String = paths.iter().map(|path| format!("<url><loc>{url}{path}</loc></url>\n")).collect();
    let list = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n{entries}</urlset>\n"
    );
    ([(CONTENT_TYPE, "application/xml")], list).into_response()
}
