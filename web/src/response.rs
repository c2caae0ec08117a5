//! Errors as responses: JSON for scripts, and what a client accepts.

use axum::{
    http::{
        HeaderMap, HeaderValue,
        header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use server_fn::error::{FromServerFnError, SERVER_FN_ERROR_HEADER};

use crate::error::AppError;

/// Whether the client shows pages: a plain form does, a script does not.
pub fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).is_some_and(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html")))
}

/// An error as a server function returns it: the middleware answers with it.
pub(crate) fn server_fn_error(error: &AppError) -> Response {
    let mut response = json(error);
    response.headers_mut().insert(SERVER_FN_ERROR_HEADER, HeaderValue::from_static(""));
    response
}

/// An error as JSON.
pub fn json(error: &AppError) -> Response {
    let mut response = (error.status(), [(CONTENT_TYPE, "application/json")], error.ser()).into_response();
    if let Some(seconds) = error.retry_after() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
