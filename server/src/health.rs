//! For whoever watches the server.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use session::Database;
use tokio::sync::Mutex;

use crate::database::DatabaseFile;

/// `/healthz`: the process answers.
pub async fn live() -> &'static str {
    "ok\n"
}

/// `/readyz`: the database answers too.
///
/// # Errors
///
/// 503 when it does not.
pub async fn ready(
    State(file): State<Arc<DatabaseFile>>,
    State(db): State<Database>,
) -> Result<&'static str, (StatusCode, &'static str)> {
    if !file.is_in_place() {
        return Err((StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"));
    }
    // One at a time: however many ask, the others' connections are left to the pages.
    static TURN: Mutex<()> = Mutex::const_new(());

    let _turn = TURN.lock().await;
    match sqlx::query("select 1").execute(db.readers()).await {
        Ok(_) => Ok("ready\n"),
        Err(error) => {
            tracing::error!(%error, "not ready");
            Err((StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"))
        }
    }
}
