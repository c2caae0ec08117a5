//! The one map of the server: every route, and every layer with its reason.

use std::any::Any;

use app::{
    auth::audit::{self, Event},
    context::ClientAddress,
    error::AppError,
};
use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, FromRequestParts, Request, State},
    http::Method,
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{any, get, on, post},
};
use axum_client_ip::{ClientIp, ClientIpSource};
use leptos_axum::{LeptosRoutes, handle_server_fns_with_context};
use session::Session;
use tower::ServiceBuilder;
use tower_http::{
    CompressionLevel,
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer},
    trace::TraceLayer,
};

use crate::{
    AppState, assets, crawlers, cross_site, csp_reports, database, failure, forms, headers, health, metrics,
    overload,
    pages::{self, page},
};

/// The whole server, as it runs and as tests drive it.
pub fn router(state: AppState) -> Router {
    let files = assets::files(&state.leptos);
    pages_of(&state)
        .merge(server_functions())
        .route(crawlers::ROBOTS, get(crawlers::robots))
        .route(crawlers::SITEMAP, get(crawlers::sitemap))
        .layer(
            ServiceBuilder::new()
                // Pages and JSON. Files are compressed once, by the build. The fastest level: these are made per request.
                .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
                // Around what needs a session only: a file or a health page never opens one.
                .layer(state.sessions.layer())
                .layer(from_fn_with_state(state.clone(), limit_new_sessions))
                // Inside of the session's layer: what was written before a panic stays, and its cookie must be sent.
                .layer(panics()),
        )
        // Outside of all that reads or writes it.
        .layer(from_fn_with_state(state.clone(), database::in_place))
        // Reports need neither a session nor the database.
        .route(csp_reports::PATH, post(csp_reports::receive))
        .layer(from_fn_with_state(files, assets::serve))
        .layer(from_fn(cross_site::refuse))
        // Outside of all that parses a query.
        .layer(from_fn(forms::limit_fields))
        // Outside of all that logs or limits by the address.
        .layer(from_fn_with_state(state.settings.client_ip.clone(), client_address))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        // Around the log: a request that is refused here costs no line.
        .layer(from_fn_with_state(state.limiter.clone(), overload::shed))
        // Watchers are told how it is even then.
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .with_state(state.clone())
        .layer(
            ServiceBuilder::new()
                // Only ours: what a client calls its request is no business of the log.
                .map_request(without_request_id)
                // Each request gets an id, which the log, the response and the pages that tell of a failure carry.
                .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
                .layer(PropagateRequestIdLayer::x_request_id())
                .option_layer(state.settings.metrics.map(|_| from_fn(metrics::measure)))
                // Around everything that makes a response.
                .layer(from_fn_with_state(state.clone(), headers::secure))
                .layer(from_fn_with_state(state, failure::explain))
                .layer(panics()),
        )
}

/// The pages. Every path that nothing else has is one too: the one that says that there is nothing.
fn pages_of(state: &AppState) -> Router<AppState> {
    Router::new().leptos_routes_with_handler(pages::routes(), get(page)).fallback(page).layer(
        ServiceBuilder::new()
            .layer(from_fn_with_state(state.clone(), pages::visit))
            // Private by default for whatever stands in the list: no page has to think of it.
            .layer(from_fn(pages::guard)),
    )
}

/// Notes where a request comes from. Where the trusted header is missing nobody knows.
async fn client_address(
    State(source): State<ClientIpSource>,
    request: Request<Body>,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(source);
    if let Ok(ClientIp(address)) = ClientIp::from_request_parts(&mut parts, &()).await {
        parts.extensions.insert(ClientAddress(address));
    }
    next.run(Request::from_parts(parts, body)).await
}

/// The server functions at their paths, answered as the caller likes it.
fn server_functions() -> Router<AppState> {
    let mut router = Router::new();
    for (path, method) in server_fn::axum::server_fn_paths() {
        if let Ok(method) = method.try_into() {
            router = router.route(path, on(method, call));
        }
    }
    router.route("/api/{*unknown}", any(unknown)).method_not_allowed_fallback(wrong_method).layer(
        ServiceBuilder::new()
            .layer(from_fn(forms::answer))
            // Each form has a limit of its own, which has been looked at by then.
            .layer(DefaultBodyLimit::disable())
            .layer(CatchPanicLayer::custom(|_| forms::json(&AppError::Internal))),
    )
}

async fn call(State(state): State<AppState>, mut request: Request<Body>) -> Response {
    // A HEAD is a GET whose body is left out later; Leptos knows GET alone.
    if request.method() == Method::HEAD {
        *request.method_mut() = Method::GET;
    }
    handle_server_fns_with_context(move || state.provide(), request).await.into_response()
}

async fn unknown() -> Response {
    forms::json(&AppError::NotFound)
}

async fn wrong_method() -> Response {
    forms::json(&AppError::WrongMethod)
}

/// Bounds how many sessions one address may begin (ASVS 2.4.1): each takes a row, and up to a megabyte.
async fn limit_new_sessions(
    State(state): State<AppState>,
    session: Session,
    request: Request<Body>,
    next: Next,
) -> Response {
    if let Some(limit) = state.new_sessions.clone() {
        let address = request.extensions().get().map(|ClientAddress(address)| *address);
        let uri = request.uri().clone();
        session.limit_beginning(move || {
            let checked = limit.check(address);
            if checked.is_err() {
                audit::record_request(Event::TooManySessions, &uri, address, None);
            }
            checked
        });
    }
    next.run(request).await
}

fn without_request_id(mut request: Request<Body>) -> Request<Body> {
    request.headers_mut().remove("x-request-id");
    request
}

/// A panic costs one request, not the connection.
fn panics() -> CatchPanicLayer<fn(Box<dyn Any + Send>) -> Response> {
    CatchPanicLayer::custom(|_| failure::page(&AppError::Internal))
}

/// The span of a request: its id, its method and its path, without the query, in which a visitor's words may stand.
fn span(request: &Request<Body>) -> tracing::Span {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok());
    tracing::info_span!("request", id, method = %request.method(), path = request.uri().path())
}
