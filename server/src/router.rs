//! The one map of the server: every route, and every layer with its reason.

use std::any::Any;

use app::{context::ClientAddress, error::AppError};
use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, FromRequestParts, Request, State},
    http::{Method, StatusCode},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{any, get, on},
};
use axum_client_ip::{ClientIp, ClientIpSource};
use leptos_axum::{LeptosRoutes, handle_server_fns_with_context};
use tower::ServiceBuilder;
use tower_http::{
    CompressionLevel,
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer},
    trace::TraceLayer,
};

use crate::{
    AppState, assets, forms, health,
    pages::{self, out_of_order, page},
};

/// The whole server, as it runs and as tests drive it.
pub fn router(state: AppState) -> Router {
    let files = assets::files(&state.leptos);
    pages_of(&state)
        .merge(server_functions())
        .layer(
            ServiceBuilder::new()
                // Pages and JSON. Files are compressed once, by the build. The fastest level: these are made per request.
                .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
                // Around what needs a session only: a file or a health page never opens one.
                .layer(state.sessions.layer())
                // Inside of the session's layer: what was written before a panic stays, and its cookie must be sent.
                .layer(panics()),
        )
        .layer(from_fn_with_state(state.settings.client_ip.clone(), client_address))
        .layer(from_fn_with_state(files, assets::serve))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .with_state(state)
        .layer(
            ServiceBuilder::new()
                // Only ours: what a client calls its request is no business of the log.
                .map_request(without_request_id)
                // Each request gets an id, which the log and the response carry.
                .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
                .layer(TraceLayer::new_for_http().make_span_with(span))
                .layer(PropagateRequestIdLayer::x_request_id())
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
    router.route("/api/{*unknown}", any(unknown)).layer(
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

fn without_request_id(mut request: Request<Body>) -> Request<Body> {
    request.headers_mut().remove("x-request-id");
    request
}

/// A panic costs one request, not the connection.
fn panics() -> CatchPanicLayer<fn(Box<dyn Any + Send>) -> Response> {
    CatchPanicLayer::custom(|_| out_of_order(StatusCode::INTERNAL_SERVER_ERROR))
}

/// The span of a request: its id, its method and its path, without the query, in which a visitor's words may stand.
fn span(request: &Request<Body>) -> tracing::Span {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok());
    tracing::info_span!("request", id, method = %request.method(), path = request.uri().path())
}
