//! The layer in an axum app: guarantees 9 (503) and 11 (late writes fail), and the headers of responses.

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{
        HeaderMap, Request, StatusCode,
        header::{CACHE_CONTROL, COOKIE, SET_COOKIE, VARY},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use session::{Session, SessionError};
use tokio::sync::oneshot;
use tower::ServiceExt;

use crate::harness::{Count, TestSessions, increment};

async fn count(session: Session) -> Result<String, SessionError> {
    Ok(session.update(increment).await?.to_string())
}

async fn show(session: Session) -> Result<String, SessionError> {
    Ok(session.read::<Count>().await?.unwrap_or_default().0.to_string())
}

async fn count_and_fail(session: Session) -> StatusCode {
    session.restart("ada", false).await.unwrap();
    session.update(increment).await.unwrap();
    StatusCode::INTERNAL_SERVER_ERROR
}

fn app(test: &TestSessions) -> Router {
    Router::new()
        .route("/count", get(count))
        .route("/show", get(show))
        .route("/fail", get(count_and_fail))
        .route("/plain", get(async || "no session"))
        .layer(test.sessions.layer())
        .route("/asset", get(async || "no layer"))
}

async fn send(app: &Router, path: &str, cookie: Option<&str>) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::get(path);
    if let Some(cookie) = cookie {
        request = request.header(COOKIE, format!("id={cookie}"));
    }
    let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

fn cookie(headers: &HeaderMap) -> String {
    let cookie = headers[SET_COOKIE].to_str().unwrap();
    cookie.strip_prefix("id=").unwrap().split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_counter_persists_across_requests() {
    let test = TestSessions::new().await;
    let app = app(&test);
    let (_, headers, body) = send(&app, "/count", None).await;
    assert_eq!(body, "1");
    let cookie = cookie(&headers);
    assert_eq!(send(&app, "/count", Some(&cookie)).await.2, "2");
    assert_eq!(send(&app, "/show", Some(&cookie)).await.2, "2");
}

#[tokio::test]
async fn a_failed_request_after_a_renewal_keeps_the_session() {
    let test = TestSessions::new().await;
    let app = app(&test);
    let (_, headers, _) = send(&app, "/count", None).await;
    let (status, headers, _) = send(&app, "/fail", Some(&cookie(&headers))).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        send(&app, "/show", Some(&cookie(&headers))).await.2,
        "2",
        "values written before the failure are kept"
    );
}

/// Security: 14.3.2
#[tokio::test]
async fn only_responses_that_used_the_session_vary_by_cookie() {
    let test = TestSessions::new().await;
    let app = app(&test);
    for path in ["/count", "/show"] {
        let (_, headers, _) = send(&app, path, None).await;
        assert_eq!(
            (&headers[VARY], &headers[CACHE_CONTROL]),
            (&"cookie".parse().unwrap(), &"no-store".parse().unwrap()),
            "{path}"
        );
    }
    for path in ["/plain", "/asset"] {
        let (_, headers, _) = send(&app, path, None).await;
        assert!(!headers.contains_key(VARY) && !headers.contains_key(CACHE_CONTROL), "{path}");
    }
}

#[tokio::test]
async fn keeps_the_cache_control_of_the_handler() {
    let test = TestSessions::new().await;
    let handler = async |session: Session| -> Response {
        session.read::<Count>().await.unwrap();
        [(CACHE_CONTROL, "private, max-age=60")].into_response()
    };
    let app = Router::new().route("/", get(handler)).layer(test.sessions.layer());
    assert_eq!(send(&app, "/", None).await.1[CACHE_CONTROL], "private, max-age=60");
}

/// Security: 16.5.3
#[tokio::test]
async fn a_failed_store_answers_503_and_pages_without_a_session_work() {
    let test = TestSessions::without_cache().await;
    let app = app(&test);
    let (_, headers, _) = send(&app, "/count", None).await;
    let cookie = cookie(&headers);
    test.pool.close().await;
    for path in ["/count", "/show"] {
        let (status, headers, body) = send(&app, path, Some(&cookie)).await;
        assert_eq!((status, body.as_str()), (StatusCode::SERVICE_UNAVAILABLE, ""), "{path}");
        assert!(!headers.contains_key(SET_COOKIE), "{path}");
    }
    assert_eq!(send(&app, "/plain", Some(&cookie)).await.0, StatusCode::OK);
    assert_eq!(send(&app, "/asset", Some(&cookie)).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_write_after_the_response_started_fails_and_names_the_key() {
    let test = TestSessions::new().await;
    let (sender, receiver) = oneshot::channel();
    let sender = std::sync::Arc::new(std::sync::Mutex::new(Some(sender)));
    let handler = async move |session: Session| {
        let sender = sender.lock().unwrap().take().unwrap();
        // The body is produced after the headers were sent.
        Body::from_stream(OneChunk(Some(Box::pin(async move {
            let errors = [
                session.update(increment).await.map(drop),
                session.remove::<Count>().await.map(drop),
                session.renew().await,
                session.end().await,
            ];
            sender.send(errors).unwrap();
            Bytes::from_static(b"late")
        }))))
    };
    let app = Router::new().route("/", get(handler)).layer(test.sessions.layer());
    let (status, headers, body) = send(&app, "/", None).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "late"));
    assert!(!headers.contains_key(SET_COOKIE));
    let errors = receiver.await.unwrap().map(|result| result.unwrap_err());
    for (error, key) in errors.into_iter().zip(["count", "count", "renew", "end"]) {
        assert!(matches!(error, SessionError::Late { key: named } if named == key), "{error}");
    }
    assert_eq!(test.session_count().await, 0);
}

/// A body of one chunk that is produced asynchronously.
struct OneChunk(Option<std::pin::Pin<Box<dyn Future<Output = Bytes> + Send>>>);

impl futures_core::Stream for OneChunk {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let Some(future) = &mut self.0 else { return std::task::Poll::Ready(None) };
        future.as_mut().poll(context).map(|bytes| {
            self.0 = None;
            Some(Ok(bytes))
        })
    }
}

#[tokio::test]
async fn a_route_without_the_layer_answers_500() {
    let app: Router = Router::new().route("/", get(show));
    assert_eq!(send(&app, "/", None).await.0, StatusCode::INTERNAL_SERVER_ERROR);
}
