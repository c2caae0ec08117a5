//! Answers callers of server functions: a script with JSON and a status, a plain form with a redirect.
//!
//! Leptos would redirect a refused form with its error in the URL, where anybody can write one, and without what was typed. So
//! server functions are always called as by a script, and [`FORMS`](app::forms::FORMS) says what a plain form sees next.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use app::{
    account::DeleteAccount,
    auth::Logout,
    context::ClientAddress,
    error::AppError,
    explorer::ClearSession,
    flash::{self, Failure, Flash, Message},
    forms::{self, FormRoute, Then},
    nav::{self, LocalPath},
};
use axum::{
    body::{Body, Bytes, HttpBody, to_bytes},
    extract::Request,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri,
        header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HOST, REFERER, RETRY_AFTER, SET_COOKIE},
        request::Parts,
    },
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use http_body_util::BodyExt;
use server_fn::{
    ServerFn,
    error::{FromServerFnError, SERVER_FN_ERROR_HEADER},
};
use session::{Session, SessionError};
use tokio::{runtime::Handle, task::spawn_blocking, time::timeout};
use tracing::Instrument;

use crate::{
    failure,
    overload::{BodyMemory, Permit},
};

/// The largest answer that is looked into, in bytes: errors are far smaller.
const MAX_ERROR: usize = 64 * 1024;

/// How long a form may take to arrive: the largest, of 4 MiB, at a megabit a second.
const MAX_SENDING: Duration = Duration::from_secs(40);

/// The most fields of a form or a query. No form has half as many, and each one costs memory to parse, however short it is.
const MAX_FIELDS: usize = 64;

/// The largest body that is parsed on a worker thread, in bytes. A larger one would delay the other requests of that thread.
const MAX_ON_WORKER: usize = 64 * 1024;

/// The middleware around all server functions.
pub async fn answer(session: Session, request: Request, next: Next) -> Response {
    let post = request.method() == Method::POST;
    let plain_form = post && accepts_html(request.headers());
    let (mut parts, body) = request.into_parts();
    parts.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let path = parts.uri.path().to_owned();
    let back = page_before(&parts.headers);

    let (body, result, _memory) = match read(&parts, body, forms::largest_body(&path)).await {
        Ok((body, memory)) => {
            let work = next.run(Request::from_parts(parts, Body::from(body.clone())));
            let memory = Arc::new(memory);
            let result = run(work, memory.clone(), body.len() > MAX_ON_WORKER).await;
            (body, result, Some(memory))
        }
        Err(error) => (Bytes::new(), Err(error), None),
    };
    match (plain_form, result) {
        (false, Ok(response)) if post => with_clearance(&path, response),
        (false, Ok(response)) => response,
        (false, Err(error)) => json(&error),
        (true, Ok(response)) if response.status() != StatusCode::OK => response,
        (true, result) => match forms::find(&path) {
            Some(form) => {
                let done = result.is_ok();
                let cookies = result.as_ref().map_or(Vec::new(), set_cookies);
                let response = redirect(&session, form, back, &body, result.map(drop)).await;
                let response = with_cookies(cookies, response);
                if done { with_clearance(&path, response) } else { response }
            }
            None => result.unwrap_or_else(|error| json(&error)),
        },
    }
}

/// Runs a server function in a task of its own: a client that hangs up, as by a second click, leaves nothing half done. The memory of
/// its body is in use until then.
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
        Ok(response) => refused(response).await,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The server is being stopped.
            Err(_) => Err(AppError::Unavailable),
        },
    }
}

/// Redirects a plain form as its row in the map says. What it has to tell waits in the session.
async fn redirect(
    session: &Session,
    form: &FormRoute,
    back: Option<LocalPath>,
    body: &[u8],
    result: Result<(), AppError>,
) -> Response {
    let page = back.as_ref().map(LocalPath::page).unwrap_or(form.page).to_owned();
    let is_done = result.is_ok();
    let detour = match &result {
        Err(AppError::SignInFirst) => true,
        Err(AppError::SessionEnded) => nav::is_private(&page),
        _ => false,
    };
    let back = back.map_or(form.page.to_owned(), |path| path.to_string());
    let (flash, target) = match result {
        Ok(()) => {
            let target = match form.then {
                Then::Stay => back,
                Then::Go(page) => page.to_owned(),
                Then::Next(page) => {
                    let next = field(body, "next").and_then(|path| LocalPath::parse(&path));
                    next.map_or(page.to_owned(), |path| path.to_string())
                }
            };
            (Flash { message: form.done, ..Flash::default() }, target)
        }
        Err(error @ (AppError::Unavailable | AppError::Busy)) => return failure::page(&error),
        Err(error) => {
            let failure = Failure { form: form.path.to_owned(), error, typed: typed(body, form.kept) };
            let ended = detour && failure.error == AppError::SessionEnded;
            let message = ended.then_some(Message::SessionEnded);
            let flash = Flash { message, failure: Some(failure), waits_for: detour.then_some(page) };
            let next = LocalPath::parse(&back).filter(|_| detour);
            (flash, next.map_or(back, |next| nav::login(&next)))
        }
    };
    match keep(session, flash).await {
        Ok(()) => Redirect::to(&target).into_response(),
        // What is done is done, with or without its message: a failure page would have the visitor send the form again.
        Err(error) if is_done => {
            tracing::error!(%error, "the message about a change that is done could not be stored");
            Redirect::to(&target).into_response()
        }
        Err(error) => failure::page(&error),
    }
}

/// A plain form is a visitor opening a page, so where the session has ended another one holds the message. When this one goes
/// on under a new id, which a request in another tab has just been given, the message is let go.
async fn keep(session: &Session, flash: Flash) -> Result<(), AppError> {
    if flash.is_empty() {
        return Ok(());
    }
    session.start_over().await?;
    match flash::keep(session, flash).await {
        // A session that is full has no room for the message either.
        Err(SessionError::Ended | SessionError::TooLarge { .. }) => Ok(()),
        kept => Ok(kept?),
    }
}

/// Whether the caller is a plain form, or whoever else shows a page.
pub fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).is_some_and(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html")))
}

/// The page of this site that the request comes from.
fn page_before(headers: &HeaderMap) -> Option<LocalPath> {
    let referer: Uri = headers.get(REFERER)?.to_str().ok()?.parse().ok()?;
    let host = headers.get(HOST)?.to_str().ok()?;
    let path = referer
        .path_and_query()
        .filter(|_| referer.authority().is_some_and(|authority| authority == host))?;
    LocalPath::parse(path.as_str()).filter(|path| !path.as_str().starts_with(nav::API))
}

/// Reads a form of at most `most` bytes, which has to arrive within [`MAX_SENDING`]. The memory that is returned with it is charged to
/// the client's network.
async fn read(parts: &Parts, body: Body, most: usize) -> Result<(Bytes, BodyMemory), AppError> {
    let permit = parts.extensions.get::<Permit>().ok_or(AppError::Internal)?;
    let memory = permit.body_memory(parts.extensions.get::<ClientAddress>().map(|address| address.0));
    let announced = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > most) {
        return Err(AppError::TooLarge);
    }
    let mut collecting = pin!(collect(body, most, memory));
    // A small form often arrives together with its head, and keeps its permit.
    let first_poll = poll_fn(|task| Poll::Ready(collecting.as_mut().poll(task))).await;
    let (bytes, memory) = match first_poll {
        Poll::Ready(collected) => collected?,
        Poll::Pending => {
            permit.release();
            let collected = timeout(MAX_SENDING, collecting).await;
            // For a refused form, too: a redirect with a message writes to the database.
            permit.reacquire()?;
            collected.map_err(|_| AppError::TooSlow)??
        }
    };
    if has_too_many_fields(&bytes) {
        return Err(AppError::Malformed);
    }
    Ok((bytes, memory))
}

/// Collects a body and charges for what has arrived of it. Copies it into one piece of memory: a client could send each byte in a
/// frame of its own.
async fn collect(
    mut body: Body,
    most: usize,
    mut memory: BodyMemory,
) -> Result<(Bytes, BodyMemory), AppError> {
    let mut collected: Vec<u8> = Vec::new();
    while !body.is_end_stream() {
        let Some(frame) = body.frame().await else { break };
        // It is not framed as HTTP asks, or the connection broke off.
        let frame = frame.map_err(|_| AppError::Malformed)?;
        // No form needs trailers.
        let Ok(data) = frame.into_data() else { continue };
        let length = collected.len() + data.len();
        if length > most {
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
        return failure::answer(&AppError::Malformed, request.headers());
    }
    next.run(request).await
}

/// Takes the error out of a server function's answer.
async fn refused(response: Response) -> Result<Response, AppError> {
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

/// The redirect sets them in its place. A page that says that nothing was done sets none.
fn with_cookies(cookies: Vec<HeaderValue>, mut response: Response) -> Response {
    if response.status().is_redirection() {
        response.headers_mut().extend(cookies.into_iter().map(|cookie| (SET_COOKIE, cookie)));
    }
    response
}

/// After a sign-out the browser forgets what it kept of the pages (ASVS 14.3.1). The cookie is removed by name instead of with all
/// others, which may be none of ours.
fn with_clearance(path: &str, mut response: Response) -> Response {
    const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
    if [Logout::PATH, DeleteAccount::PATH, ClearSession::PATH].contains(&path) {
        let kept = HeaderValue::from_static("\"cache\", \"storage\"");
        response.headers_mut().insert(CLEAR_SITE_DATA, kept);
    }
    response
}

/// An error for a script.
pub fn json(error: &AppError) -> Response {
    let mut response = (error.status(), [(CONTENT_TYPE, "application/json")], error.ser()).into_response();
    if let Some(seconds) = error.retry_after() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The value of a field. Skips one that is too long for any use here: to decode it takes long.
fn field(body: &[u8], name: &str) -> Option<String> {
    /// The longest field with its name, encoded, in bytes.
    const MAX_ENCODED: usize = 16 * 1024;
    let fields = body.split(|byte| *byte == b'&').filter(|field| field.len() <= MAX_ENCODED);
    fields.flat_map(form_urlencoded::parse).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// What was typed into the fields that may be shown again.
fn typed(body: &[u8], kept: &[&str]) -> Vec<(String, String)> {
    /// Longer text is not kept: the session is no place for it.
    const MAX_KEPT: usize = 1_000;
    let fields = kept.iter().filter_map(|name| Some(((*name).to_owned(), field(body, name)?)));
    fields.filter(|(_, value)| value.len() <= MAX_KEPT).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    fn before(referer: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("satchel.example:3000"));
        headers.insert(REFERER, referer.parse().unwrap());
        page_before(&headers).map(|path| path.to_string())
    }

    #[test]
    fn a_form_leads_back_to_a_page_of_this_site_only() {
        assert_eq!(before("http://satchel.example:3000/visits?a=b").as_deref(), Some("/visits?a=b"));
        assert_eq!(before("http://satchel.example:3000").as_deref(), Some("/"));
        for other in [
            "http://evil.example/visits",
            "http://satchel.example/visits",
            "/visits",
            "http://satchel.example:3000//evil.example",
            "http://satchel.example:3000/api/visits/show",
        ] {
            assert_eq!(before(other), None, "{other}");
        }
    }

    #[test]
    fn fields_are_counted_by_their_separators() {
        for few in ["", "a", "a=b", &"&".repeat(63), &format!("a=b{}", "&a=b".repeat(63))] {
            assert!(!has_too_many_fields(few.as_bytes()), "{few}");
        }
        for many in ["&".repeat(64), format!("a{}", "&a".repeat(64))] {
            assert!(has_too_many_fields(many.as_bytes()), "{many}");
        }
    }

    #[test]
    fn only_fields_that_are_no_secret_are_kept() {
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
    const ADDRESS: &str = "(https?:|//|/|satchel\\.example:3000|evil\\.example|visits|api/|login|\\?|#|@|:|\\.\\.|%2e|\\\\|[ -~]){0,8}";

    proptest! {
        #[test]
        fn whatever_stands_in_a_referer_leads_to_a_page_of_this_site_or_nowhere(
            start in "(http://satchel\\.example:3000)?",
            rest in ADDRESS,
        ) {
            if let Some(path) = before(&format!("{start}{rest}")) {
                let site = Url::parse("http://satchel.example:3000/login").unwrap();
                let target = site.join(&path).unwrap();
                prop_assert_eq!(target.origin(), site.origin());
                prop_assert!(!target.path().starts_with(nav::API), "{}", target);
            }
        }

        #[test]
        fn any_body_is_looked_into(body in prop::collection::vec(any::<u8>(), 0..60), name in "[a-z]{1,5}", value in "(?s).{0,20}") {
            let _ = typed(&body, &["a", "key"]);
            let form = form_urlencoded::Serializer::new(String::new()).append_pair(&name, &value).finish();
            let body = [form.as_bytes(), b"&", &body].concat();
            prop_assert_eq!(field(&body, &name), Some(value.clone()));
            // Longer than the body: it is not in there by chance.
            let missing = "x".repeat(60);
            prop_assert_eq!(typed(&body, &[&name, &missing]), [(name, value)]);
        }
    }
}
