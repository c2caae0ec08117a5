//! Pages and server functions that guests may not use.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use server::state::app_pages;

use crate::client::TestApp;

const PRIVATE_PAGES: &[&str] = &[
    "/account",
    // <shop>
    "/orders",
    "/orders/{id}",
    // </shop>
];

const PRIVATE_FUNCTIONS: &[&str] = &[
    "/api/auth/confirm",
    "/api/auth/delete",
    "/api/auth/devices",
    "/api/auth/name",
    "/api/auth/password",
    "/api/auth/revoke",
    "/api/auth/revoke_others",
    // <shop>
    "/api/orders/list",
    "/api/orders/place",
    "/api/orders/show",
    // </shop>
];

/// Security: 8.3.1
#[tokio::test]
async fn a_guest_is_redirected_from_every_private_page_and_opens_every_other_page() {
    let app = TestApp::start().await;
    let pages = app_pages();
    assert!(pages.len() > PRIVATE_PAGES.len());
    for page in &pages {
        let path = page.path().replace("{id}", "7");
        // The router ignores a slash at the end and resolves dots.
        let slash = if path == "/" { path.clone() } else { format!("{path}/") };
        let variants = [path.clone(), slash, format!("/x/..{path}"), format!("{path}?next=/account")];
        for path in variants {
            let response = app.visitor().open(&path).await;
            if PRIVATE_PAGES.contains(&page.path()) {
                assert_eq!(response.status, StatusCode::SEE_OTHER, "{path}");
                assert!(response.location().starts_with("/login"), "{path}: {}", response.location());
                assert!(!response.body.contains("<h1"), "{path}: {}", response.body);
            } else {
                assert_eq!(response.status, StatusCode::OK, "{path}");
            }
        }
    }
    let listed: BTreeSet<_> = pages.iter().map(|page| page.path().to_owned()).collect();
    assert!(PRIVATE_PAGES.iter().all(|page| listed.contains(*page)), "{listed:?}");
}

/// Security: 7.2.1, 8.3.1
#[tokio::test]
async fn a_guest_is_refused_by_every_private_function_and_no_other() {
    let app = TestApp::start().await;
    let mut refused = BTreeSet::new();
    for (path, method) in server_fn::axum::server_fn_paths() {
        if path.starts_with("/api/nickname/") {
            continue;
        }
        let visitor = app.visitor();
        let response = if method == "GET" { visitor.get(path).await } else { visitor.post(path, "").await };
        if response.status == StatusCode::UNAUTHORIZED && response.json()["error"] == "sign_in_first" {
            refused.insert(path);
        }
    }
    assert_eq!(refused, BTreeSet::from_iter(PRIVATE_FUNCTIONS.iter().copied()));
    for path in PRIVATE_FUNCTIONS {
        let response = app.visitor().submit("/account", path, "").await;
        let expected = match response.status {
            StatusCode::METHOD_NOT_ALLOWED => "",
            _ => "/login?next=%2Faccount",
        };
        assert_eq!(response.location(), expected, "{path}: {}", response.body);
    }
}

#[tokio::test]
async fn an_unknown_path_is_not_found_for_guests_too() {
    let app = TestApp::start().await;
    for path in ["/nothing", "/account/more", "/login/7/more", "/api/nothing"] {
        assert_eq!(app.visitor().open(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

/// Security: 8.3.1
#[tokio::test]
async fn no_spelling_of_a_private_path_passes_the_guard() {
    let app = TestApp::start().await;
    for path in
        ["/./account", "/x/../account", "/x/%2e%2e/account", "/%2E/account", "/account/", "/account?a=b"]
    {
        let response = app.visitor().open(path).await;
        assert_eq!((response.status, response.body.as_str()), (StatusCode::SEE_OTHER, ""), "{path}");
    }
    for path in ["//account", "/account%2f", "/Account", "/%61ccount"] {
        let response = app.visitor().open(path).await;
        assert!(!response.body.contains("Your devices"), "{path}");
    }
}
