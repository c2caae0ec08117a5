//! robots.txt, the sitemap, and the tags for shared links.

use axum::http::StatusCode;
use session::SigningKeys;

use crate::client::TestApp;

#[tokio::test]
async fn guests_can_open_every_page_in_the_sitemap() {
    let app = TestApp::start_with(&[("SITE_URL", "https://satchel.example")]).await;
    let visitor = app.visitor();
    let robots = visitor.open("/robots.txt").await;
    assert_eq!(
        robots.body,
        "User-agent: *\nDisallow: /api/\n\nSitemap: https://satchel.example/sitemap.xml\n"
    );
    let sitemap = visitor.open("/sitemap.xml").await;
    assert_eq!(sitemap.headers["content-type"], "application/xml");
    let paths: Vec<_> = sitemap
        .body
        .split("<loc>https://satchel.example")
        .skip(1)
        .map(|rest| rest.split_once("</loc>").unwrap().0)
        .collect();
    assert!(paths.contains(&"/") && paths.contains(&"/login"), "{paths:?}");
    for path in paths {
        assert_eq!(visitor.open(path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_page_has_a_title_and_an_image_for_shared_links() {
    let app = TestApp::start_with(&[("SITE_URL", "https://satchel.example")]).await;
    let page = app.visitor().open("/login").await.body;
    for tag in [
        "<meta property=\"og:title\" content=\"Sign in\">",
        "<meta property=\"og:image\" content=\"https://satchel.example/social.png\">",
    ] {
        assert!(page.contains(tag), "{tag} in {page}");
    }
}

#[tokio::test]
async fn without_site_url_there_is_no_sitemap_and_no_image() {
    let keys = SigningKeys::generate();
    let app = TestApp::start_with(&[("LEPTOS_ENV", "PROD"), ("SESSION_KEYS", &keys)]).await;
    let visitor = app.visitor();
    assert!(!visitor.open("/robots.txt").await.body.contains("Sitemap"));
    assert_eq!(visitor.open("/sitemap.xml").await.status, StatusCode::NOT_FOUND);
    assert!(!visitor.open("/login").await.body.contains("og:image"));
}
