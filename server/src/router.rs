//! The map of the server: every route, and every layer with its reason.

use std::any::Any;

use app::shell;
use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Extension, FromRequestParts, Request, State},
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
use web::{
    access, audit, context::ClientAddress, csp, error::AppError, failure, forms, limits::limit_requests,
    pages, response::json, site::Site, snapshot::Visitor,
};

use crate::{
    AppState, assets, crawlers, cross_site, csp_reports, database,
    headers::{self, HttpsOnly},
    health, metrics,
    state::app_pages,
};

/// The whole server, as it runs and as tests call it.
pub fn router(state: AppState) -> Router {
    let files = assets::files(&state.site.options);
    page_routes(&state)
        .merge(function_routes(&state))
        .route(crawlers::ROBOTS, get(crawlers::robots))
        .route(crawlers::SITEMAP, get(crawlers::sitemap))
        .layer(
            ServiceBuilder::new()
                // Pages and JSON, at the fastest level, because they are compressed for each request. Files are compressed by the build.
                .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
                // Only around what needs a session: files and health checks do not.
                .layer(state.sessions.layer())
                .layer(from_fn_with_state(state.clone(), limit_new_sessions))
                // Inside of the session layer: writes before a panic are stored, so their cookie must be sent.
                .layer(catch_panics()),
        )
        // Outside of everything that reads or writes the database.
        .layer(from_fn_with_state(state.file.clone(), database::require_file))
        // Reports need neither a session nor the database.
        .route(csp::REPORTS, post(csp_reports::receive))
        .layer(from_fn_with_state(files, assets::serve))
        .layer(from_fn(cross_site::refuse))
        // Outside of everything that parses a query.
        .layer(from_fn(forms::limit_fields))
        // Outside of everything that logs or limits by address.
        .layer(from_fn_with_state(state.settings.client_ip.clone(), insert_client_address))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        // Outside of the log: a refused request does not write a line.
        .layer(from_fn_with_state(state.limiter.clone(), limit_requests))
        // Not limited: health checks must work under load.
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .with_state(state.clone())
        .layer(
            ServiceBuilder::new()
                // A client must not choose the id in the log.
                .map_request(without_request_id)
                // The log, the response and failure pages contain the id of the request.
                .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
                .layer(PropagateRequestIdLayer::x_request_id())
                .option_layer(state.settings.metrics.map(|_| from_fn(metrics::measure)))
                // Around everything that makes a response.
                .layer(from_fn_with_state(HttpsOnly(state.settings.production), headers::secure))
                .layer(from_fn_with_state(state.site.failure.clone(), failure::render_failure))
                .layer(catch_panics()),
        )
}

/// The pages. Every other path shows the page for unknown paths.
fn page_routes(state: &AppState) -> Router<AppState> {
    Router::new().leptos_routes_with_handler(app_pages(), get(page)).fallback(page).layer(
        ServiceBuilder::new()
            .layer(from_fn_with_state(state.site.clone(), pages::load_visitor))
            .layer(from_fn_with_state(state.site.clone(), access::guard_pages)),
    )
}

async fn page(
    site: State<Site>,
    visitor: Extension<Visitor>,
    session: Session,
    request: Request<Body>,
) -> Response {
    pages::page(shell, site, visitor, session, request).await
}

/// The server functions at their paths.
fn function_routes(state: &AppState) -> Router<AppState> {
    let mut router = Router::new();
    for (path, method) in server_fn::axum::server_fn_paths() {
        if let Ok(method) = method.try_into() {
            router = router.route(path, on(method, call_function));
        }
    }
    let unknown = async || json(&AppError::NotFound);
    let wrong_method = async || json(&AppError::WrongMethod);
    router
        .layer(from_fn_with_state(state.site.clone(), access::guard_functions))
        .route("/api/{*unknown}", any(unknown))
        .method_not_allowed_fallback(wrong_method)
        .layer(
            ServiceBuilder::new()
                .layer(from_fn_with_state(state.site.clone(), forms::answer_forms))
                // `answer_forms` has enforced the limit of each form.
                .layer(DefaultBodyLimit::disable())
                .layer(CatchPanicLayer::custom(|_| json(&AppError::Internal))),
        )
}

async fn call_function(State(site): State<Site>, mut request: Request<Body>) -> Response {
    // Leptos does not know HEAD. The body is dropped later.
    if request.method() == Method::HEAD {
        *request.method_mut() = Method::GET;
    }
    handle_server_fns_with_context(move || site.provide(), request).await.into_response()
}

/// Inserts the address of the client, if the trusted header is there.
async fn insert_client_address(
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

/// Limits how many sessions one address may create (ASVS 2.4.1): each takes a row, and up to a megabyte.
async fn limit_new_sessions(
    State(state): State<AppState>,
    session: Session,
    request: Request<Body>,
    next: Next,
) -> Response {
    if let Some(limit) = state.new_sessions.clone() {
        let address = ClientAddress::of(request.extensions());
        let uri = request.uri().clone();
        session.limit_beginning(move || {
            let checked = limit.check(address);
            if checked.is_err() {
                audit::record_request(audit::TOO_MANY_SESSIONS, &uri, address, None);
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

/// A panic fails one request, and does not close the connection.
fn catch_panics() -> CatchPanicLayer<fn(Box<dyn Any + Send>) -> Response> {
    CatchPanicLayer::custom(|_| failure::page(&AppError::Internal))
}

/// The span of a request: its id, its method and its path. Not its query, which may contain what a user has typed.
fn span(request: &Request<Body>) -> tracing::Span {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok());
    tracing::info_span!("request", id, method = %request.method(), path = request.uri().path())
}
