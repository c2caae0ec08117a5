//! Whatever is sent, the answer is a message or a 4xx.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};

use crate::client::{TestApp, Visitor};

#[tokio::test]
async fn bad_fields_get_a_4xx_that_says_what_is_wrong_and_change_nothing() {
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
    assert_eq!(visitor.ask("/api/visitor/show").await.json()["theme"], "dark");
}

/// Each case is a path, a body, and the status and error with which a script is answered.
pub(crate) async fn refuses_all(visitor: &Visitor<'_>, page: &str, cases: &[(&str, &str, u16, &str)]) {
    for (path, body, status, error) in cases {
        let answer = visitor.call(path, body).await;
        let shown = &body[..body.len().min(40)];
        assert_eq!(answer.status.as_u16(), *status, "{path} {shown}: {}", answer.body);
        assert!(answer.body.contains(error), "{path} {shown}: {}", answer.body);

        // The same by a plain form: back to the page, with a message.
        let answer = visitor.submit(page, path, body).await;
        assert!(
            answer.status == StatusCode::SEE_OTHER || answer.status.is_client_error(),
            "{path} {shown}: {}",
            answer.status
        );
    }
}

/// Security: 16.5.1
#[tokio::test]
async fn broken_encodings_and_huge_headers_are_no_500() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let bodies: [&[u8]; 4] = [b"email=\xff\xfe", b"theme=%ff%fe", b"%%%=&&&=", b"\0\0\0"];
    for accept in ["application/json", "text/html"] {
        for path in ["/api/auth/register", "/api/auth/login", "/api/preferences/theme"] {
            for body in bodies {
                let request = Request::builder().method(Method::POST).uri(path).header("accept", accept);
                let answer = visitor.send(request.body(Body::from(body.to_vec())).unwrap()).await;
                assert!(!answer.status.is_server_error(), "{path} {body:?}: {}", answer.status);
                assert!(!answer.status.is_success(), "{path} {body:?}: {}", answer.status);
            }
        }
    }
}

#[tokio::test]
async fn a_plain_form_without_a_referer_or_from_elsewhere_leads_to_its_own_page() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    for referer in ["", "http://evil.example/login", "not a URL"] {
        let request =
            Request::builder().method(Method::POST).uri("/api/auth/register").header("accept", "text/html");
        let answer = visitor.send(request.header("referer", referer).body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/register"), "{referer}");
    }
}

#[tokio::test]
async fn the_wrong_method_is_refused() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    assert_eq!(visitor.ask("/api/preferences/theme").await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(visitor.call("/api/visitor/show", "").await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(visitor.ask("/api/visitor/show").await.json()["theme"], "system");
}

/// Security: tampered cookies
#[tokio::test]
async fn a_tampered_cookie_is_a_guests() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    visitor.sign_in().await;
    let cookie = visitor.session_cookie().unwrap();
    for tampered in [cookie.replace('=', "x"), format!("{cookie}x"), "garbage".into(), "%00".into()] {
        visitor.steal(&tampered);
        assert_eq!(
            visitor.ask("/api/visitor/show").await.json()["user"],
            serde_json::Value::Null,
            "{tampered}"
        );
    }
}
