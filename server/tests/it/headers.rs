//! The security headers of every kind of response.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Method, Request},
};
use session::SigningKeys;

use crate::client::{Response, TestApp};

/// One response of each kind, with a description.
async fn of_each_kind(app: &TestApp) -> Vec<(&'static str, Response)> {
    let visitor = app.visitor();
    let foreign = Request::builder()
        .method(Method::DELETE)
        .uri("/login")
        .header("accept", "text/html")
        .header("sec-fetch-site", "cross-site");
    vec![
        ("a page", visitor.open("/login").await),
        ("a page that may be cached", visitor.open("/").await),
        ("an unknown page", visitor.open("/nothing").await),
        ("a redirect", visitor.open("/account").await),
        ("JSON", visitor.get("/api/visitor/show").await),
        ("an error", visitor.post("/api/auth/login", "email=a&password=b").await),
        ("a plain form", visitor.submit("/login", "/api/preferences/theme", "theme=dark").await),
        ("a wrong method", visitor.get("/api/preferences/theme").await),
        ("a refused request", visitor.send(foreign.body(Body::empty()).unwrap()).await),
        ("a health check", visitor.open("/readyz").await),
        ("a form that is too large", visitor.submit("/login", "/api/auth/login", &"x".repeat(100_000)).await),
    ]
}

/// Security: 3.4.3, 3.4.4, 3.4.5, 3.4.6, 3.4.8
#[tokio::test]
async fn every_response_carries_the_security_headers() {
    let app = TestApp::start().await;
    for (kind, response) in of_each_kind(&app).await {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(response.headers[name], value, "{kind}");
        }
        assert!(response.headers["permissions-policy"].to_str().unwrap().contains("camera=()"), "{kind}");
        assert!(
            !response.headers.contains_key("strict-transport-security"),
            "{kind}: development has no HTTPS"
        );
        let policy = response.policy();
        for part in ["default-src 'none'", "base-uri 'none'", "form-action '", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{part} in {policy} of {kind}");
        }
        if response
            .headers
            .get("content-type")
            .is_some_and(|kind| kind.to_str().unwrap().starts_with("text/html"))
        {
            assert!(policy.contains("object-src 'none'"), "{policy} of {kind}");
        }
        for word in ["unsafe-inline", "'unsafe-eval'", "*", "http"] {
            assert!(!policy.contains(word), "{word} in {policy} of {kind}");
        }
    }
}

/// Security: 3.4.7
#[tokio::test]
async fn every_page_names_the_endpoint_for_reports_about_its_policy() {
    let app = TestApp::start().await;
    let mut pages = 0;
    for (kind, response) in of_each_kind(&app).await {
        let content = response.headers.get("content-type").map(|content| content.to_str().unwrap());
        let endpoints = response.headers.get("reporting-endpoints");
        let policy = response.policy();
        if !content.is_some_and(|content| content.starts_with("text/html")) {
            assert!(endpoints.is_none() && !policy.contains("report"), "{policy} of {kind}");
            continue;
        }
        pages += 1;
        assert_eq!(endpoints.unwrap(), r#"csp="/csp-reports""#, "{kind}");
        assert!(policy.ends_with("; report-to csp; report-uri /csp-reports"), "{policy} of {kind}");
    }
    assert!(pages >= 4, "{pages}");
}

/// Security: 3.4.1
#[tokio::test]
async fn production_requires_https_for_a_year() {
    let keys = SigningKeys::generate();
    let app = TestApp::start_with(&[("LEPTOS_ENV", "PROD"), ("SESSION_KEYS", &keys)]).await;
    for (kind, response) in of_each_kind(&app).await {
        assert_eq!(
            response.headers["strict-transport-security"], "max-age=31536000; includeSubDomains",
            "{kind}"
        );
    }
}

/// Security: 3.4.3
#[tokio::test]
async fn each_response_has_a_new_nonce_and_every_script_carries_it() {
    let app = TestApp::start().await;
    let mut seen = BTreeSet::new();
    // `/` is cached, the sign-in page is rendered for each request.
    for path in ["/", "/", "/", "/login", "/login", "/nothing"] {
        let page = app.visitor().open(path).await;
        let policy = page.policy();
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        assert!(nonce.len() >= 22, "128 bits in base64: {nonce}");
        assert!(seen.insert(nonce.to_owned()), "the same nonce again: {nonce}");

        let scripts: Vec<_> = page.body.split("<script").skip(1).collect();
        assert!(!scripts.is_empty(), "{path}");
        for script in scripts {
            let tag = script.split('>').next().unwrap();
            assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{path}: <script{tag}>");
        }
        let others: Vec<_> =
            page.body.split("nonce=\"").skip(1).filter(|rest| !rest.starts_with(nonce)).collect();
        assert!(others.is_empty(), "{path}: another nonce in the page: {others:?}");
        assert_eq!(page.body.matches(nonce).count(), page.body.matches("nonce=\"").count(), "{path}");
        for attribute in [" style=\"", " onclick=", " onload=", "javascript:"] {
            assert!(!page.body.contains(attribute), "{attribute} in {path}, which the policy forbids");
        }
    }
}

/// Security: 3.4.3
#[tokio::test]
async fn a_response_that_is_not_a_page_may_not_run_scripts() {
    let app = TestApp::start().await;
    let policy = app.visitor().get("/api/visitor/show").await.policy();
    assert!(policy.contains("default-src 'none'") && !policy.contains("-src 'self'"), "{policy}");
}

impl Response {
    fn policy(&self) -> String {
        self.headers["content-security-policy"].to_str().unwrap().to_owned()
    }
}
