//! The browser's code and the public files. They use no session, and are cached for ever if their path contains a hash of their content.

use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        HeaderValue, Method, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, VARY},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::prelude::{BASE64_STANDARD, Engine};
use leptos::config::LeptosOptions;
use sha2::{Digest, Sha256};
use tower::ServiceExt;
use tower_http::services::ServeDir;
use web::csp;

use crate::metrics::IsFile;

/// The page that a proxy shows when there is no server. It needs no other file.
const STANDALONE_PAGE: &str = "/500.html";

/// Its content security policy allows its style by a hash (CSP Level 3, 2.3.1).
static STANDALONE_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let page = include_str!("../../public/500.html");
    let style =
        page.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).unwrap_or_default();
    csp::standalone_page(&format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(style))))
});

/// The prefix of the folder with a release's code. The rest of its name is a hash.
const HASHED: &str = "pkg.";

/// A hashed file never changes.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Browsers revalidate every other file, mostly with a 304 as the response.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

/// The longest name of a file, in bytes. File systems report a longer one as an error, not as a missing file.
const MAX_NAME: usize = 255;
/// The longest path that is looked up, in bytes. The limit of systems is 4,096, of macOS 1,024, including the folder of the site.
const MAX_PATH: usize = 512;

/// The files in the site's folder.
#[derive(Clone, Debug)]
pub struct Files {
    folder: ServeDir,
    /// The path of the browser's code, and whether it contains a hash.
    package: Arc<str>,
    hashed: bool,
}

/// The files in the site's folder, compressed if the build has compressed them.
pub fn files(options: &LeptosOptions) -> Files {
    let folder = ServeDir::new(&*options.site_root)
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip();
    let package = &options.site_pkg_dir;
    Files { folder, package: format!("/{package}/").into(), hashed: package.starts_with(HASHED) }
}

/// The folder of the browser's code in the site's folder. Its files refer to each other, so a release has one hash for all of them, in the
/// name of the folder. If several releases were copied into the site's folder, this is the newest one.
pub fn package(site: &str) -> String {
    let entries = std::fs::read_dir(site).into_iter().flatten().flatten();
    let hashed = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok().filter(|name| name.starts_with(HASHED))?;
        Some((entry.metadata().ok()?.modified().ok()?, name))
    });
    hashed.max().map_or("pkg".to_owned(), |(_, name)| name)
}

/// Responds with the file of a path. Paths that cannot be files, like those of most pages, are passed on without a lookup, and so are paths
/// of missing files.
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
        // The browser requests code from a script, so a 404 page would not be shown.
        return if package { StatusCode::NOT_FOUND.into_response() } else { next.run(request).await };
    }
    let mut response = found.into_response();
    response.extensions_mut().insert(IsFile);
    let value = if package && files.hashed { FOREVER } else { REVALIDATE };
    response.headers_mut().insert(CACHE_CONTROL, value);
    if request.uri().path() == STANDALONE_PAGE {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, STANDALONE_POLICY.clone());
    }
    // Compressed files are sent only to clients that accept them.
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    response
}

fn names_a_file(request: &Request) -> bool {
    let path = request.uri().path();
    let asked = matches!(*request.method(), Method::GET | Method::HEAD);
    asked
        && Path::new(path).extension().is_some()
        && !path.contains("%00")
        && path.len() <= MAX_PATH
        && path.split('/').all(|name| name.len() <= MAX_NAME)
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        body::to_bytes,
        http::{
            HeaderMap, HeaderName, Request,
            header::{ACCEPT_ENCODING, CONTENT_ENCODING, IF_MODIFIED_SINCE, LAST_MODIFIED},
        },
        middleware::from_fn_with_state,
    };
    use tempfile::TempDir;

    use super::*;

    const SCRIPT: &str = "/pkg.0123456789abcdef/satchel.js";

    /// What a build makes: a script in three forms, and a drawing. Each holds its own name.
    struct Site {
        _folder: TempDir,
        router: Router,
    }

    struct Answer {
        status: StatusCode,
        headers: HeaderMap,
        body: String,
    }

    impl Site {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().to_str().unwrap().to_owned();
            std::fs::create_dir(format!("{root}/pkg.0123456789abcdef")).unwrap();
            for name in [SCRIPT, &format!("{SCRIPT}.br"), &format!("{SCRIPT}.gz"), "/favicon.svg"] {
                std::fs::write(format!("{root}{name}"), name).unwrap();
            }
            let options = LeptosOptions::builder().output_name("satchel").site_pkg_dir(package(&root));
            let files = files(&options.site_root(root).build());
            let router =
                Router::new().fallback(|| async { "a page" }).layer(from_fn_with_state(files, serve));
            Self { _folder: folder, router }
        }

        async fn get(&self, path: &str, header: Option<(HeaderName, &str)>) -> Answer {
            let mut request = Request::get(path);
            if let Some((name, value)) = header {
                request = request.header(name, value);
            }
            let answer = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            let (head, body) = answer.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            Answer {
                status: head.status,
                headers: head.headers,
                body: String::from_utf8(body.to_vec()).unwrap(),
            }
        }
    }

    #[tokio::test]
    async fn a_file_comes_in_the_form_that_the_build_has_compressed() {
        let site = Site::new();
        for (accepted, encoding, file) in [
            ("gzip, br", Some("br"), format!("{SCRIPT}.br")),
            ("gzip", Some("gzip"), format!("{SCRIPT}.gz")),
            ("identity", None, SCRIPT.to_owned()),
        ] {
            let answer = site.get(SCRIPT, Some((ACCEPT_ENCODING, accepted))).await;
            assert_eq!(answer.body, file);
            assert_eq!(answer.headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap()), encoding);
            assert_eq!(answer.headers[VARY], "accept-encoding");
        }
    }

    #[tokio::test]
    async fn a_file_with_a_hash_is_kept_for_good_and_every_other_one_is_asked_for_again() {
        let site = Site::new();
        let script = site.get(SCRIPT, None).await;
        assert_eq!(script.headers[CACHE_CONTROL], "public, max-age=31536000, immutable");
        let drawing = site.get("/favicon.svg", None).await;
        assert_eq!(drawing.headers[CACHE_CONTROL], "no-cache");
        let since = drawing.headers[LAST_MODIFIED].to_str().unwrap();
        let again = site.get("/favicon.svg", Some((IF_MODIFIED_SINCE, since))).await;
        assert_eq!((again.status, again.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
        assert_eq!(again.headers[CACHE_CONTROL], "no-cache");
    }

    #[tokio::test]
    async fn a_missing_part_of_the_code_is_no_page() {
        let site = Site::new();
        let part = site.get("/pkg.0123456789abcdef/gone.wasm", None).await;
        assert_eq!((part.status, part.body.as_str()), (StatusCode::NOT_FOUND, ""));
        for path in ["/", "/gone.svg", "/posts", "/../Cargo.toml", "/%2e%2e/Cargo.toml"] {
            assert_eq!(site.get(path, None).await.body, "a page", "{path}");
        }
    }
}
