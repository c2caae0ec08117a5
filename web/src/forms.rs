//! The answers of server functions: JSON and a status for a script, a redirect for a plain form.
//!
//! Leptos would redirect a refused form with the error in the URL, where any link could put one, and would lose the typed values. So
//! every server function answers in JSON, and the [`Form`] decides where a plain form is redirected.

use std::{future::poll_fn, panic::resume_unwind, pin::pin, sync::Arc, task::Poll, time::Duration};

use axum::{
    body::{Body, Bytes, HttpBody, to_bytes},
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri,
        header::{ACCEPT, CONTENT_LENGTH, HOST, REFERER, SET_COOKIE},
        request::Parts,
    },
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use http_body_util::BodyExt;
use server_fn::error::{FromServerFnError, SERVER_FN_ERROR_HEADER};
use session::{Session, SessionError};
use tokio::{runtime::Handle, task::spawn_blocking, time::timeout};
use tracing::Instrument;

use crate::{
    context::ClientAddress,
    error::AppError,
    failure,
    feature::{API, Form},
    flash::{self, Flash, FormFailure},
    limits::{BodyMemory, Permit},
    path::{self, LocalPath},
    response::{accepts_html, json},
    site::Site,
};

/// The largest error that a server function returns, in bytes.
const MAX_ERROR: usize = 64 * 1024;

/// How long a body may take to arrive: 4 MiB at a megabit a second.
const BODY_TIMEOUT: Duration = Duration::from_secs(40);

/// The most fields of a form or a query. Each takes memory to parse, however short it is.
const MAX_FIELDS: usize = 64;

/// The largest body that is parsed on a worker thread, in bytes. A larger one would delay the other requests of the thread.
const MAX_ON_WORKER: usize = 64 * 1024;

/// The message of a plain form that was sent after the session had ended.
const SIGN_IN_AGAIN: &str =
    "Your session has ended. Please sign in again to continue. What you typed has been saved.";

/// The middleware around all server functions.
pub async fn answer_forms(
    State(site): State<Site>,
    session: Session,
    request: Request,
    next: Next,
) -> Response {
    let is_post = request.method() == Method::POST;
    let is_plain_form = is_post && accepts_html(request.headers());
    let (mut parts, body) = request.into_parts();
    parts.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let form = site.features.form(parts.uri.path());
    let back = referring_page(&parts.headers);
    let body_limit = form.map_or(Form::BODY_LIMIT, |form| form.body_limit);

    let (body, result, _memory) = match read(&parts, body, body_limit).await {
        Ok((body, memory)) => {
            let work = next.run(Request::from_parts(parts, Body::from(body.clone())));
            let memory = Arc::new(memory);
            let result = run(work, memory.clone(), body.len() > MAX_ON_WORKER).await;
            (body, result, Some(memory))
        }
        Err(error) => (Bytes::new(), Err(error), None),
    };
    let Some(form) = form.filter(|_| is_post) else {
        return result.unwrap_or_else(|error| json(&error));
    };
    let back = back.map_or(form.page.to_owned(), |path| path.to_string());
    match result {
        Ok(response) if !is_plain_form => clear_site_data(form, response),
        Ok(response) if response.status() != StatusCode::OK => response,
        Ok(response) => redirect_to_next(&session, form, back, &body, response.headers()).await,
        Err(error) if !is_plain_form => json(&error),
        Err(error) => redirect_back(&site, &session, form, back, &body, error).await,
    }
}

/// Runs a server function in its own task, which runs to its end even if the client disconnects. Its body uses `memory` until then.
async fn run(
    work: impl Future<Output = Response> + Send + 'static,
    memory: Arc<BodyMemory>,
    is_large: bool,
) -> Result<Response, AppError> {
    let work = async move {
        let _memory = memory;
        work.await
    }
    .in_current_span();
    let task =
        if is_large { spawn_blocking(|| Handle::current().block_on(work)) } else { tokio::spawn(work) };
    match task.await {
        Ok(response) => take_error(response).await,
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        // The server is shutting down.
        Err(_) => Err(AppError::Unavailable),
    }
}

/// Redirects a plain form after success, with the cookies that the server function has set.
async fn redirect_to_next(
    session: &Session,
    form: &Form,
    back: String,
    body: &[u8],
    headers: &HeaderMap,
) -> Response {
    let target = form.on_success.target(|| field(body, "next")).map_or(back, |path| path.to_string());
    let flash = Flash { message: form.success.map(Into::into), ..Flash::default() };
    if let Err(error) = store(session, flash).await {
        // The change is committed. A failure page would make the visitor send the form again.
        tracing::error!(%error, "the message about a committed change could not be stored");
    }
    let cookies = headers.get_all(SET_COOKIE).iter().map(|cookie| (SET_COOKIE, cookie.clone()));
    let mut response = Redirect::to(&target).into_response();
    response.headers_mut().extend(cookies);
    clear_site_data(form, response)
}

/// Redirects a refused plain form to its page or to the sign-in page. The error and the typed values wait in the session.
async fn redirect_back(
    site: &Site,
    session: &Session,
    form: &Form,
    back: String,
    body: &[u8],
    error: AppError,
) -> Response {
    let page = back.split(['?', '#']).next().unwrap_or_default();
    let must_sign_in = match error {
        AppError::Unavailable | AppError::Busy => return failure::page(&error),
        AppError::SignInFirst => true,
        AppError::SessionEnded => !site.features.is_public(page),
        _ => false,
    };
    let has_ended = must_sign_in && error == AppError::SessionEnded;
    let flash = Flash {
        message: has_ended.then_some(SIGN_IN_AGAIN.into()),
        failure: Some(FormFailure { form: form.path.to_owned(), error, typed: typed(body, form.refill) }),
        waits_for: must_sign_in.then(|| page.to_owned()),
    };
    if let Err(error) = store(session, flash).await {
        return failure::page(&error);
    }
    if must_sign_in {
        return Redirect::to(path::sign_in(LocalPath::parse(&back).as_ref()).as_str()).into_response();
    }
    Redirect::to(&back).into_response()
}

/// Stores the message, in a new session if this one has ended. Drops it if another tab has cycled the session id meanwhile.
async fn store(session: &Session, flash: Flash) -> Result<(), AppError> {
    if flash.is_empty() {
        return Ok(());
    }
    session.start_over().await?;
    match flash::put(session, flash).await {
        // A full session has no room for the message either.
        Err(SessionError::Ended | SessionError::TooLarge { .. }) => Ok(()),
        stored => Ok(stored?),
    }
}

/// The page of this site that the request comes from.
fn referring_page(headers: &HeaderMap) -> Option<LocalPath> {
    let referer: Uri = headers.get(REFERER)?.to_str().ok()?.parse().ok()?;
    let host = headers.get(HOST)?.to_str().ok()?;
    let path = referer
        .path_and_query()
        .filter(|_| referer.authority().is_some_and(|authority| authority == host))?;
    LocalPath::parse(path.as_str()).filter(|path| !path.as_str().starts_with(API))
}

/// Reads a body of at most `limit` bytes within [`BODY_TIMEOUT`]. Its memory is charged to the client's network.
async fn read(parts: &Parts, body: Body, limit: usize) -> Result<(Bytes, BodyMemory), AppError> {
    let permit = parts.extensions.get::<Permit>().ok_or(AppError::Internal)?;
    let memory = permit.body_memory(ClientAddress::of(&parts.extensions));
    let announced = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > limit) {
        return Err(AppError::TooLarge);
    }
    let mut collecting = pin!(collect(body, limit, memory));
    // A small body often arrives together with the head.
    let first_poll = poll_fn(|task| Poll::Ready(collecting.as_mut().poll(task))).await;
    let (bytes, memory) = match first_poll {
        Poll::Ready(collected) => collected?,
        Poll::Pending => {
            permit.release();
            let collected = timeout(BODY_TIMEOUT, collecting).await;
            // Also for an error, because a redirect with a message writes to the database.
            permit.reacquire()?;
            collected.map_err(|_| AppError::TooSlow)??
        }
    };
    if has_too_many_fields(&bytes) {
        return Err(AppError::Malformed);
    }
    Ok((bytes, memory))
}

/// Collects a body, and charges its memory as it arrives. Copies it into one buffer, because each byte may have its own frame.
async fn collect(
    mut body: Body,
    limit: usize,
    mut memory: BodyMemory,
) -> Result<(Bytes, BodyMemory), AppError> {
    let mut collected: Vec<u8> = Vec::new();
    while !body.is_end_stream() {
        let Some(frame) = body.frame().await else { break };
        // The framing is wrong, or the connection was closed.
        let frame = frame.map_err(|_| AppError::Malformed)?;
        let Ok(data) = frame.into_data() else { continue };
        let length = collected.len() + data.len();
        if length > limit {
            return Err(AppError::TooLarge);
        }
        memory.grow_to(length)?;
        collected.extend_from_slice(&data);
    }
    Ok((collected.into(), memory))
}

fn has_too_many_fields(text: &[u8]) -> bool {
    text.iter().filter(|byte| **byte == b'&').count() >= MAX_FIELDS
}

/// The middleware that refuses a query with too many fields, for pages and server functions.
pub async fn limit_fields(request: Request, next: Next) -> Response {
    if request.uri().query().is_some_and(|query| has_too_many_fields(query.as_bytes())) {
        return failure::respond(&AppError::Malformed, request.headers());
    }
    next.run(request).await
}

/// Returns the error of a server function that failed.
async fn take_error(response: Response) -> Result<Response, AppError> {
    if !response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return Ok(response);
    }
    let body = to_bytes(response.into_body(), MAX_ERROR).await.map_err(|_| AppError::Internal)?;
    Err(AppError::de(body))
}

/// Makes the browser delete its copies of pages and data, if the form asks for it (ASVS 14.3.1). Cookies stay, because other apps on
/// the host may have some.
fn clear_site_data(form: &Form, mut response: Response) -> Response {
    const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
    if form.clear_site_data {
        let stored = HeaderValue::from_static("\"cache\", \"storage\"");
        response.headers_mut().insert(CLEAR_SITE_DATA, stored);
    }
    response
}

/// The value of a field. Skips fields that are too long to be refilled.
fn field(body: &[u8], name: &str) -> Option<String> {
    /// The longest field with its name, encoded, in bytes.
    const MAX_ENCODED: usize = 16 * 1024;
    let fields = body.split(|byte| *byte == b'&').filter(|field| field.len() <= MAX_ENCODED);
    fields.flat_map(form_urlencoded::parse).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The values of the fields that are refilled.
fn typed(body: &[u8], refill: &[&str]) -> Vec<(String, String)> {
    const MAX_STORED: usize = 1_000;
    let fields = refill.iter().filter_map(|name| Some(((*name).to_owned(), field(body, name)?)));
    fields.filter(|(_, value)| value.len() <= MAX_STORED).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    fn referring(referer: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("satchel.example:3000"));
        headers.insert(REFERER, referer.parse().unwrap());
        referring_page(&headers).map(|path| path.to_string())
    }

    /// Security: 3.7.2
    #[test]
    fn a_form_leads_back_to_a_page_of_this_site_only() {
        assert_eq!(referring("http://satchel.example:3000/posts?a=b").as_deref(), Some("/posts?a=b"));
        assert_eq!(referring("http://satchel.example:3000").as_deref(), Some("/"));
        for other in [
            "http://evil.example/posts",
            "http://satchel.example/posts",
            "/posts",
            "http://satchel.example:3000//evil.example",
            "http://satchel.example:3000/api/posts/show",
        ] {
            assert_eq!(referring(other), None, "{other}");
        }
    }

    #[test]
    fn counts_fields_by_their_separators() {
        for few in ["", "a", "a=b", &"&".repeat(63), &format!("a=b{}", "&a=b".repeat(63))] {
            assert!(!has_too_many_fields(few.as_bytes()), "{few}");
        }
        for many in ["&".repeat(64), format!("a{}", "&a".repeat(64))] {
            assert!(has_too_many_fields(many.as_bytes()), "{many}");
        }
    }

    #[test]
    fn only_the_listed_fields_are_refilled() {
        let kept = typed(b"email=ada%40example.com&password=secret", &["email", "remember"]);
        assert_eq!(kept, [("email".to_owned(), "ada@example.com".to_owned())]);
    }

    #[test]
    fn a_long_field_is_skipped_and_one_behind_it_is_found() {
        let body = format!("value={}&key=ada", "x".repeat(20_000));
        assert_eq!(field(body.as_bytes(), "key").as_deref(), Some("ada"));
        assert_eq!(field(body.as_bytes(), "value"), None);
    }

    /// Pieces of addresses and of separators.
    const ADDRESS: &str = "(https?:|//|/|satchel\\.example:3000|evil\\.example|posts|api/|login|\\?|#|@|:|\\.\\.|%2e|\\\\|[ -~]){0,8}";

    proptest! {
        #[test]
        fn any_referer_leads_to_a_page_of_this_site_or_is_ignored(
            start in "(http://satchel\\.example:3000)?",
            rest in ADDRESS,
        ) {
            if let Some(path) = referring(&format!("{start}{rest}")) {
                let site = Url::parse("http://satchel.example:3000/login").unwrap();
                let target = site.join(&path).unwrap();
                prop_assert_eq!(target.origin(), site.origin());
                prop_assert!(!target.path().starts_with(API), "{}", target);
            }
        }

        #[test]
        fn reads_any_body(body in prop::collection::vec(any::<u8>(), 0..60), name in "[a-z]{1,5}", value in "(?s).{0,20}") {
            let _ = typed(&body, &["a", "key"]);
            let form = form_urlencoded::Serializer::new(String::new()).append_pair(&name, &value).finish();
            let body = [form.as_bytes(), b"&", &body].concat();
            prop_assert_eq!(field(&body, &name), Some(value.clone()));
            // Longer than the body, so it is not in there by chance.
            let missing = "x".repeat(60);
            prop_assert_eq!(typed(&body, &[&name, &missing]), [(name, value)]);
        }
    }
}
