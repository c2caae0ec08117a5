//! Pages: takes the snapshot of the visitor's session, then renders.

use app::{
    App,
    context::is_opened,
    error::AppError,
    shell,
    ui::ResponseStatus,
    visitor::{self, Visitor},
};
use axum::{
    body::Body,
    extract::State,
    http::{Request, StatusCode},
    response::{Html, IntoResponse, Response},
};
use leptos::prelude::provide_context;
use leptos_axum::render_app_async_with_context;
use session::Session;

use crate::AppState;

/// Shown when a page cannot be rendered at all. It needs nothing: no database, no session, no other file.
const OUT_OF_ORDER: &str = include_str!("../../public/500.html");

/// Renders the app for one request. Which page it is, the app's own router knows.
pub async fn page(State(state): State<AppState>, session: Session, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let opened = is_opened(&parts);
    let visitor = match snapshot(&state, &session, opened).await {
        Ok(visitor) => visitor,
        Err(error) => return out_of_order(error.status()),
    };
    let status = ResponseStatus::default();
    let wanted = status.clone();
    let options = state.leptos.clone();
    let context = move || {
        state.provide();
        provide_context(visitor.clone());
        provide_context(status.clone());
    };
    let render = render_app_async_with_context(context, move || shell(options.clone()));
    let mut response = render(Request::from_parts(parts, body)).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = wanted.get();
    }
    response
}

/// The visitor. Who opens a page after its session has ended begins anew.
async fn snapshot(state: &AppState, session: &Session, opened: bool) -> Result<Visitor, AppError> {
    if opened {
        session.start_over().await?;
    }
    visitor::snapshot(session, &state.backend.pool, opened).await
}

/// The page for when all else fails.
pub fn out_of_order(status: StatusCode) -> Response {
    (status, Html(OUT_OF_ORDER)).into_response()
}

/// The paths of the app's pages.
pub fn routes() -> Vec<leptos_axum::AxumRouteListing> {
    leptos_axum::generate_route_list(App)
}
