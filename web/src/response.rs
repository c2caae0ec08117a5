//! Errors as JSON, and whether a client accepts HTML instead.

use axum::{
    http::{
        HeaderMap, HeaderValue,
        header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER},
    },
    response::{AppendHeaders, IntoResponse, IntoResponseParts, Response},
};
use server_fn::error::{FromServerFnError, SERVER_FN_ERROR_HEADER};

use crate::error::AppError;

/// Whether the client accepts a page: a plain form does, a script does not.
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
    (error.status(), retry_after(error), [(CONTENT_TYPE, "application/json")], error.ser()).into_response()
}

/// The header `Retry-After`, if waiting helps.
pub(crate) fn retry_after(error: &AppError) -> impl IntoResponseParts {
    AppendHeaders(error.retry_after().map(|seconds| (RETRY_AFTER, seconds)))
}
