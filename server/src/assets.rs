//! The browser's code and the public files: no session, and caching by whether a name carries its content's hash.

use axum::{
    extract::Request,
    http::{HeaderValue, header::CACHE_CONTROL},
    middleware::Next,
    response::Response,
};
use leptos::config::LeptosOptions;
use tower_http::services::ServeDir;

/// A hashed file never changes.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Every other file is asked for again, and mostly answered by 304.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

/// The files in the site's folder, in their compressed form where the build has made one.
pub fn files(options: &LeptosOptions) -> ServeDir {
    ServeDir::new(&*options.site_root)
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip()
}

/// Says how long a file may be kept.
pub async fn cache(hashed: bool, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let found = response.status().is_success() || response.status().is_redirection();
    let value = if hashed && found { FOREVER } else { REVALIDATE };
    response.headers_mut().insert(CACHE_CONTROL, value);
    response
}
