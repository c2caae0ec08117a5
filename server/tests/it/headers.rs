//! What every response tells the browser about what it may do with it.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Method, Request},
};
use session::SigningKeys;

use crate::client::{Answer, TestApp};

/// One response of each kind, with what it is.
async fn of_each_kind(app: &TestApp) -> Vec<(&'static str, Answer)> {
    let visitor = app.visitor();
    let foreign = Request::builder()
        .method(Method::DELETE)
        .uri("/login")
        .header("accept", "text/html")
        .header("sec-fetch-site", "cross-site");
    vec![
        ("a page", visitor.open("/login").await),
        ("a page that may be kept", visitor.open("/").await),
        ("a page that is not there", visitor.open("/nothing").await),
        ("a redirect", visitor.open("/account").await),
        ("JSON", visitor.ask("/api/visitor/show").await),
        ("an error", visitor.call("/api/auth/login", "email=a&password=b").await),
        (
            "the answer to a plain form",
            visitor.submit("/login", "/api/preferences/theme", "theme=dark").await,
        ),
        ("a wrong method", visitor.ask("/api/preferences/theme").await),
        ("what is refused", visitor.send(foreign.body(Body::empty()).unwrap()).await),
        ("a watcher's page", visitor.open("/readyz").await),
        ("a form that is too large", visitor.submit("/login", "/api/auth/login", &"x".repeat(100_000)).await),
    ]
}

/// Security: 3.4.3, 3.4.4, 3.4.5, 3.4.6, 3.4.8
#[tokio::test]
async fn every_response_carries_the_security_headers() {
    let app = TestApp::start().await;
    for (kind, answer) in of_each_kind(&app).await {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.headers[name], value, "{kind}");
        }
        assert!(answer.headers["permissions-policy"].to_str().unwrap().contains("camera=()"), "{kind}");
        assert!(
            !answer.headers.contains_key("strict-transport-security"),
            "{kind}: development has no HTTPS"
        );
        let policy = answer.policy();
        for part in ["default-src 'none'", "base-uri 'none'", "form-action '", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{part} in {policy} of {kind}");
        }
        if answer
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
async fn every_page_names_where_violations_of_its_policy_are_reported() {
    let app = TestApp::start().await;
    let mut pages = 0;
    for (kind, answer) in of_each_kind(&app).await {
        let content = answer.headers.get("content-type").map(|content| content.to_str().unwrap());
        let endpoints = answer.headers.get("reporting-endpoints");
        let policy = answer.policy();
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
async fn in_production_browsers_are_told_to_use_https_for_a_year() {
    let keys = SigningKeys::generate();
    let app = TestApp::start_with(&[("LEPTOS_ENV", "PROD"), ("SESSION_KEYS", &keys)]).await;
    for (kind, answer) in of_each_kind(&app).await {
        assert_eq!(
            answer.headers["strict-transport-security"], "max-age=31536000; includeSubDomains",
            "{kind}"
        );
    }
}

/// Security: 3.4.3
#[tokio::test]
async fn each_response_has_another_nonce_and_all_scripts_of_its_page_carry_it() {
    let app = TestApp::start().await;
    let mut seen = BTreeSet::new();
    // The first page is kept for a moment, the sign-in page is made each time.
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
async fn what_is_no_page_may_run_nothing() {
    let app = TestApp::start().await;
    let policy = app.visitor().ask("/api/visitor/show").await.policy();
    assert!(policy.contains("default-src 'none'") && !policy.contains("-src 'self'"), "{policy}");
}

impl Answer {
    fn policy(&self) -> String {
        self.headers["content-security-policy"].to_str().unwrap().to_owned()
    }
}
