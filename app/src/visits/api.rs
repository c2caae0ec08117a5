//! Server functions of the counter.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use web::error::AppError;

use super::Visits;

/// Counts a visit. While `/visits` is rendered, counts only if a person opened the page.
#[server(endpoint = "visits/record")]
pub async fn record_visit() -> Result<Visits, AppError> {
    use web::context;

    if context::is_rendering_page() && !context::is_opened_by_user() {
        return show_visits().await;
    }
    let session = context::session()?;
    let now = session.now();
    let record = |visits: &mut Visits| {
        *visits = visits.recorded(now);
        *visits
    };
    match session.update(record).await {
        // The page was reloaded while another tab signed in or out.
        Err(session::SessionError::Ended) if context::is_rendering_page() => Ok(Visits::default()),
        counted => Ok(counted?),
    }
}

/// Resets the counter.
#[server(endpoint = "visits/reset")]
pub async fn reset_visits() -> Result<Visits, AppError> {
    web::context::session()?.remove::<Visits>().await?;
    Ok(Visits::default())
}

/// The visits so far.
#[server(endpoint = "visits/show", input = GetUrl)]
pub async fn show_visits() -> Result<Visits, AppError> {
    Ok(web::context::session()?.read().await?.unwrap_or_default())
}
