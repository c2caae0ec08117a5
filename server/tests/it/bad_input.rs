//! Invalid input gets an error message or a 4xx, never a 5xx.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};

use crate::client::{TestApp, Visitor};

#[tokio::test]
async fn invalid_fields_are_refused_with_a_reason_and_change_nothing() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.begin_session().await;
    let large = format!("email=ada@example.com&password={}", "9".repeat(1_000_000));
    let cases = [
        ("/api/auth/login", "email=ada@example.com&email=eve@example.com&password=x", 400, "malformed"),
        ("/api/auth/login", "email[a]=1", 400, "malformed"),
        ("/api/auth/login", &large, 413, "too_large"),
        ("/api/auth/login", "email=ada&password=x", 422, "Please enter an e-mail address"),
        ("/api/preferences/theme", "theme=pink", 422, "one of the options"),
        ("/api/nothing/here", "", 404, "not_found"),
    ];
    refuses_all(&visitor, "/login", &cases).await;
    assert_eq!(visitor.get("/api/visitor/show").await.json()["theme"], "dark");
}

/// Sends each case, which is a path, a body, and the status and error that a script gets.
pub(crate) async fn refuses_all(visitor: &Visitor<'_>, page: &str, cases: &[(&str, &str, u16, &str)]) {
    for (path, body, status, error) in cases {
        let response = visitor.post(path, body).await;
        let shown = &body[..body.len().min(40)];
        assert_eq!(response.status.as_u16(), *status, "{path} {shown}: {}", response.body);
        assert!(response.body.contains(error), "{path} {shown}: {}", response.body);

        // A plain form is redirected to the page, which shows the error.
        let response = visitor.submit(page, path, body).await;
        assert!(
            response.status == StatusCode::SEE_OTHER || response.status.is_client_error(),
            "{path} {shown}: {}",
            response.status
        );
    }
}

/// Security: 16.5.1
#[tokio::test]
async fn invalid_encodings_are_client_errors() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let bodies: [&[u8]; 4] = [b"email=\xff\xfe", b"theme=%ff%fe", b"%%%=&&&=", b"\0\0\0"];
    for accept in ["application/json", "text/html"] {
        for path in ["/api/auth/register", "/api/auth/login", "/api/preferences/theme"] {
            for body in bodies {
                let request = Request::builder().method(Method::POST).uri(path).header("accept", accept);
                let response = visitor.send(request.body(Body::from(body.to_vec())).unwrap()).await;
                assert!(!response.status.is_server_error(), "{path} {body:?}: {}", response.status);
                assert!(!response.status.is_success(), "{path} {body:?}: {}", response.status);
            }
        }
    }
}

#[tokio::test]
async fn a_plain_form_without_a_valid_referer_redirects_to_its_own_page() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    for referer in ["", "http://evil.example/login", "not a URL"] {
        let request =
            Request::builder().method(Method::POST).uri("/api/auth/register").header("accept", "text/html");
        let response = visitor.send(request.header("referer", referer).body(Body::empty()).unwrap()).await;
        assert_eq!((response.status, response.location()), (StatusCode::SEE_OTHER, "/register"), "{referer}");
    }
}

#[tokio::test]
async fn the_wrong_method_is_refused() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    assert_eq!(visitor.get("/api/preferences/theme").await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(visitor.post("/api/visitor/show", "").await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(visitor.get("/api/visitor/show").await.json()["theme"], "system");
}

/// Security: tampered cookies
#[tokio::test]
async fn a_visitor_with_a_tampered_cookie_is_a_guest() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.sign_in().await;
    let cookie = visitor.session_cookie().unwrap();
    for tampered in [cookie.replace('=', "x"), format!("{cookie}x"), "garbage".into(), "%00".into()] {
        visitor.steal(&tampered);
        assert_eq!(
            visitor.get("/api/visitor/show").await.json()["user"],
            serde_json::Value::Null,
            "{tampered}"
        );
    }
}
