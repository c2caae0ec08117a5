//! Count, reset and show.

use leptos::prelude::*;
use server_fn::codec::GetUrl;

use super::Visits;
use crate::error::AppError;

/// Counts a visit. While `/visits` is rendered on the server it counts only when a person opened the page.
#[server(endpoint = "visits/record")]
pub async fn record_visit() -> Result<Visits, AppError> {
    use crate::context;

    if context::is_rendering_page() && !context::is_opened_by_visitor() {
        return show_visits().await;
    }
    let session = context::session()?;
    let now = session.now();
    let record = |visits: &mut Visits| {
        *visits = visits.recorded(now);
        *visits
    };
    match session.update(record).await {
        // A reload while another tab signs in or out.
        Err(session::SessionError::Ended) if context::is_rendering_page() => Ok(Visits::default()),
        counted => Ok(counted?),
    }
}

/// Forgets the visits: the next one is number 1.
#[server(endpoint = "visits/reset")]
pub async fn reset_visits() -> Result<Visits, AppError> {
    crate::context::session()?.remove::<Visits>().await?;
    Ok(Visits::default())
}

/// The visits so far.
#[server(endpoint = "visits/show", input = GetUrl)]
pub async fn show_visits() -> Result<Visits, AppError> {
    Ok(crate::context::session()?.read().await?.unwrap_or_default())
}
