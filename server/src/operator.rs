//! What the operators' commands have in common.

use std::io::{self, Write};

use app::{
    FEATURES,
    auth::{
        Event, UserId,
        store::{self, list_users},
    },
};
use session::{Clock, Database, Sessions};
use web::{audit, feature::Features};

use crate::{Settings, state::session_config};

/// The accounts and sessions of a database.
pub(crate) async fn opened(db: Database, settings: &Settings) -> anyhow::Result<(Database, Sessions)> {
    let sessions = Sessions::new(db.clone(), session_config(settings, Clock::system())).await?;
    Ok((db, sessions))
}

/// Ends all sessions. What features save for users is restored at the next sign-in.
pub(crate) async fn end_all_sessions(db: &Database, sessions: &Sessions) -> anyhow::Result<usize> {
    let mut ended = 0;
    for user in list_users(db).await? {
        ended += end_sessions_of(db, sessions, &user.id).await?;
    }
    ended += usize::try_from(sessions.end_all().await?)?;
    audit::record_command(Event::Revoked, None);
    Ok(ended)
}

/// Ends all sessions of a user.
pub(crate) async fn end_sessions_of(
    db: &Database,
    sessions: &Sessions,
    user: &UserId,
) -> anyhow::Result<usize> {
    let mut transaction = db.begin().await?;
    let ended = store::end_sessions(sessions, Features(FEATURES), &mut transaction, user).await?;
    transaction.commit().await?;
    Ok(ended)
}

/// Writes a line to standard output.
pub(crate) fn say(line: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout(), "{line}")?)
}
