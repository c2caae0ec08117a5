//! Health checks for load balancers and monitoring.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use session::Database;
use tokio::sync::Mutex;

use crate::database::DatabaseFile;

/// `/healthz`: the server responds.
pub async fn live() -> &'static str {
    "ok\n"
}

/// `/readyz`: the database responds too. 503 when it does not.
pub async fn ready(
    State(file): State<Arc<DatabaseFile>>,
    State(db): State<Database>,
) -> Result<&'static str, (StatusCode, &'static str)> {
    if !file.is_in_place() {
        return Err((StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"));
    }
    // One at a time: health checks use at most one connection of the database.
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
