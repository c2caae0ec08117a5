//! The one map of the server: every route, and every layer with its reason.

use std::any::Any;

use app::error::AppError;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    middleware::from_fn,
    response::{IntoResponse, Response},
    routing::{any, get, on},
};
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
    let hashed = state.leptos.hash_files;

    let visited = Router::new()
        .leptos_routes_with_handler(pages::routes(), get(page))
        .merge(server_functions())
        .fallback(page)
        .layer(
            ServiceBuilder::new()
                // Around what needs a session only: an asset never opens one.
                .layer(state.sessions.layer())
                // Inside of the session's layer: what was written before a panic stays, and its cookie must be sent.
                .layer(panics()),
        )
        .with_state(state.clone());
    let package = ServiceBuilder::new()
        .layer(from_fn(move |request, next| assets::cache(hashed, request, next)))
        .service(assets::files(&state.leptos));
    let public = assets::files(&state.leptos).call_fallback_on_method_not_allowed(true);

    let app = Router::new()
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route_service("/pkg/{*file}", package)
        .with_state(state)
        .fallback_service(public.fallback(visited));
    app.layer(
        ServiceBuilder::new()
            // Each request gets an id, which the log and the response carry.
            .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
            .layer(TraceLayer::new_for_http().make_span_with(span))
            .layer(PropagateRequestIdLayer::x_request_id())
            // What is left after the build's own compression: pages and JSON. The fastest level: they are made per request.
            .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
            .layer(panics()),
    )
}

/// A panic costs one request, not the connection.
fn panics() -> CatchPanicLayer<fn(Box<dyn Any + Send>) -> Response> {
    CatchPanicLayer::custom(|_| out_of_order(StatusCode::INTERNAL_SERVER_ERROR))
}

/// The server functions at their paths, answered as the caller likes it.
fn server_functions() -> Router<AppState> {
    let mut router = Router::new();
    for (path, method) in server_fn::axum::server_fn_paths() {
        if let Ok(method) = method.try_into() {
            router = router.route(path, on(method, call));
        }
    }
    router.route("/api/{*unknown}", any(unknown)).layer(from_fn(forms::answer))
}

async fn call(State(state): State<AppState>, request: Request<Body>) -> Response {
    handle_server_fns_with_context(move || state.provide(), request).await.into_response()
}

async fn unknown() -> Response {
    forms::json(&AppError::NotFound)
}

/// The span of a request: its id, its method and its path, without the query, in which a visitor's words may stand.
fn span(request: &Request<Body>) -> tracing::Span {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok());
    tracing::info_span!("request", id, method = %request.method(), path = request.uri().path())
}
