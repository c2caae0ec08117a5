//! The browser's code and the public files: no session, and caching by whether a path carries its content's hash.

use std::{path::Path, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        HeaderValue, Method, StatusCode,
        header::{CACHE_CONTROL, VARY},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use leptos::config::LeptosOptions;
use tower::ServiceExt;
use tower_http::services::ServeDir;

/// How the name of a release's package begins: what follows is its hash.
const HASHED: &str = "pkg.";

/// A hashed file never changes.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Every other file is asked for again, and mostly answered by 304.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

/// The longest name that file systems take; a longer one would be an error, not a missing file.
const MAX_NAME: usize = 255;

/// The files in the site's folder.
#[derive(Clone, Debug)]
pub struct Files {
    folder: ServeDir,
    /// The path of the browser's code, and whether it carries a hash.
    package: Arc<str>,
    hashed: bool,
}

/// The files in the site's folder, in their compressed form where the build has made one.
pub fn files(options: &LeptosOptions) -> Files {
    let folder = ServeDir::new(&*options.site_root)
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip();
    let package = &options.site_pkg_dir;
    Files { folder, package: format!("/{package}/").into(), hashed: package.starts_with(HASHED) }
}

/// The folder of the browser's code, in the site's folder. Its files name each other, so that a release has one hash for all of
/// them, in the folder's name.
pub fn package(site: &str) -> String {
    let names = std::fs::read_dir(site).into_iter().flatten();
    let mut names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.find(|name| name.starts_with(HASHED)).unwrap_or("pkg".to_owned())
}

/// Answers with the file that a path names. Paths that cannot be a file, as most pages' cannot, go on without a look at the
/// disk; so do names of files that are not there.
pub async fn serve(State(files): State<Files>, request: Request, next: Next) -> Response {
    if !names_a_file(&request) {
        return next.run(request).await;
    }
    let package = request.uri().path().starts_with(&*files.package);
    let mut ask = Request::new(Body::empty());
    (*ask.method_mut(), *ask.uri_mut(), *ask.headers_mut()) =
        (request.method().clone(), request.uri().clone(), request.headers().clone());
    let found = match files.folder.oneshot(ask).await {
        Ok(found) => found.map(Body::new),
        Err(never) => match never {},
    };
    if found.status() == StatusCode::NOT_FOUND {
        // A missing part of the code is no page: nobody reads it.
        return if package { StatusCode::NOT_FOUND.into_response() } else { next.run(request).await };
    }
    let mut response = found.into_response();
    let value = if package && files.hashed { FOREVER } else { REVALIDATE };
    response.headers_mut().insert(CACHE_CONTROL, value);
    // The compressed forms are for those who can read them.
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    response
}

fn names_a_file(request: &Request) -> bool {
    let path = request.uri().path();
    let asked = matches!(*request.method(), Method::GET | Method::HEAD);
    asked
        && Path::new(path).extension().is_some()
        && !path.contains("%00")
        && path.split('/').all(|name| name.len() <= MAX_NAME)
}
