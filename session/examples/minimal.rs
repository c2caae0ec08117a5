//! A visit counter. Run `cargo run -p session --example minimal`, then open <http://127.0.0.1:3003>.

use axum::{Router, response::Html, routing::get};
use serde::{Deserialize, Serialize};
use session::{Pool, Session, SessionConfig, SessionError, SessionValue, Sessions, SigningKeys};

#[derive(Default, Deserialize, Serialize)]
struct Visits {
    count: u64,
}

impl SessionValue for Visits {
    const KEY: &'static str = "visits";
}

async fn count(session: Session) -> Result<Html<String>, SessionError> {
    session.start_over().await?;
    let count = session
        .update(|visits: &mut Visits| {
            visits.count += 1;
            visits.count
        })
        .await?;
    Ok(Html(format!("<p>Visit number {count}. <a href=\"/reset\">Reset</a></p>")))
}

async fn reset(session: Session) -> Result<Html<&'static str>, SessionError> {
    session.end().await?;
    Ok(Html("<p>Forgotten. <a href=\"/\">Start again</a></p>"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = Pool::connect("sqlite://minimal.db?mode=rwc").await?;
    // A real app loads its keys from its settings, so that a restart signs no user out.
    let keys = SigningKeys::parse(&SigningKeys::generate())?;
    let config = SessionConfig { cookie_name: "id", secure: false, ..SessionConfig::new(keys) };
    let sessions = Sessions::new(pool, config).await?;
    let app = Router::new().route("/", get(count)).route("/reset", get(reset)).layer(sessions.layer());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3003").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
