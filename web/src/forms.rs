//! Answers the callers of server functions: a script with JSON and a status, a plain form with a redirect.
//!
//! Leptos would redirect a refused form with its error in the URL, where any link could put one, and without what was typed. So
//! server functions are always called as by a script, and the [`Form`] says what a plain form sees next.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

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
    feature::{API, Form, OnSuccess},
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

/// The most fields of a form or a query. Each one takes memory to parse, however short it is.
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
    let post = request.method() == Method::POST;
    let plain_form = post && accepts_html(request.headers());
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
    match (plain_form, result) {
        (false, Ok(response)) => clear_site_data(form.filter(|_| post), response),
        (false, Err(error)) => json(&error),
        (true, Ok(response)) if response.status() != StatusCode::OK => response,
        (true, result) => match form {
            Some(form) => {
                let succeeded = result.is_ok();
                let cookies = result.as_ref().map_or(Vec::new(), set_cookies);
                let response = redirect(&site, &session, form, back, &body, result.map(drop)).await;
                clear_site_data(succeeded.then_some(form), with_cookies(cookies, response))
            }
            None => result.unwrap_or_else(|error| json(&error)),
        },
    }
}

/// Runs a server function in a task of its own, which runs to its end even if the client disconnects. The memory of its body is in use
/// until then.
async fn run(
    work: impl Future<Output = Response> + Send + 'static,
    memory: Arc<BodyMemory>,
    is_large: bool,
) -> Result<Response, AppError> {
    let work = async move {
        let response = work.await;
        drop(memory);
        response
    }
    .in_current_span();
    let task =
        if is_large { spawn_blocking(|| Handle::current().block_on(work)) } else { tokio::spawn(work) };
    match task.await {
        Ok(response) => take_error(response).await,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The server is shutting down.
            Err(_) => Err(AppError::Unavailable),
        },
    }
}

/// Redirects a plain form as its [`Form`] says. The message waits in the session.
async fn redirect(
    site: &Site,
    session: &Session,
    form: &Form,
    back: Option<LocalPath>,
    body: &[u8],
    result: Result<(), AppError>,
) -> Response {
    let page = back.as_ref().map(LocalPath::page).unwrap_or(form.page).to_owned();
    let succeeded = result.is_ok();
    let must_sign_in = match &result {
        Err(AppError::SignInFirst) => true,
        Err(AppError::SessionEnded) => !site.features.is_public(&page),
        _ => false,
    };
    let back = back.map_or(form.page.to_owned(), |path| path.to_string());
    let (flash, target) = match result {
        Ok(()) => {
            let target = match form.on_success {
                OnSuccess::Stay => back,
                OnSuccess::Go(page) => page.to_owned(),
                OnSuccess::Next(page) => {
                    let next = field(body, "next").and_then(|path| LocalPath::parse(&path));
                    next.map_or(page.to_owned(), |path| path.to_string())
                }
            };
            (Flash { message: form.success.map(Into::into), ..Flash::default() }, target)
        }
        Err(error @ (AppError::Unavailable | AppError::Busy)) => return failure::page(&error),
        Err(error) => {
            let failure = FormFailure { form: form.path.to_owned(), error, typed: typed(body, form.refill) };
            let has_ended = must_sign_in && failure.error == AppError::SessionEnded;
            let message = has_ended.then_some(SIGN_IN_AGAIN.into());
            let flash = Flash { message, failure: Some(failure), waits_for: must_sign_in.then_some(page) };
            let next = LocalPath::parse(&back).filter(|_| must_sign_in);
            (flash, next.map_or(back, |next| path::sign_in(Some(&next)).to_string()))
        }
    };
    match store(session, flash).await {
        Ok(()) => Redirect::to(&target).into_response(),
        // The change is committed. A failure page would make the visitor send the form again.
        Err(error) if succeeded => {
            tracing::error!(%error, "the message about a committed change could not be stored");
            Redirect::to(&target).into_response()
        }
        Err(error) => failure::page(&error),
    }
}

/// Stores the message, in a new session if this one has ended. Drops it if the session has got a new id in another tab meanwhile.
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

/// Reads a body of at most `limit` bytes, which has to arrive within [`BODY_TIMEOUT`]. The memory that is returned with it is charged to
/// the client's network.
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

/// Collects a body, and charges its memory as it arrives. Copies it into one buffer, because a client could send each byte in a frame of
/// its own.
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

/// Whether a form or a query has more than [`MAX_FIELDS`] fields.
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

/// Turns the response of a server function that failed into its error.
async fn take_error(response: Response) -> Result<Response, AppError> {
    if !response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return Ok(response);
    }
    let body = to_bytes(response.into_body(), MAX_ERROR).await.map_err(|_| AppError::Internal)?;
    Err(AppError::de(body))
}

/// The cookies that a server function has set.
fn set_cookies(response: &Response) -> Vec<HeaderValue> {
    response.headers().get_all(SET_COOKIE).iter().cloned().collect()
}

/// Adds the cookies to a redirect. A failure page sets none.
fn with_cookies(cookies: Vec<HeaderValue>, mut response: Response) -> Response {
    if response.status().is_redirection() {
        response.headers_mut().extend(cookies.into_iter().map(|cookie| (SET_COOKIE, cookie)));
    }
    response
}

/// Makes the browser delete what it has stored of the site, where the form asks for it (ASVS 14.3.1). Cookies are not included, because
/// those of other apps on the host would be deleted, too.
fn clear_site_data(form: Option<&Form>, mut response: Response) -> Response {
    const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
    if form.is_some_and(|form| form.clear_site_data) {
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

/// What was typed into the fields that are refilled.
fn typed(body: &[u8], refill: &[&str]) -> Vec<(String, String)> {
    /// The longest text that is stored in the session, in bytes.
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

    /// Pieces of addresses and what may stand between them.
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
