//! Takes the snapshot of the visitor.

use session::{Database, Session};

use crate::{
    context,
    error::AppError,
    feature::{EXPECTED_USER, Features},
    flash,
    snapshot::{SessionTime, Visitor},
};

/// The visitor of the current request.
pub async fn load_current() -> Result<Visitor, AppError> {
    load(Features::current(), &context::session()?, &context::db()?).await
}

/// The visitor of a session.
pub async fn load(features: Features, session: &Session, db: &Database) -> Result<Visitor, AppError> {
    let mut visitor = Visitor::default();
    for feature in features.0 {
        feature.server.snapshot(session, db, &mut visitor).await?;
    }
    if visitor.user.is_some() {
        visitor.session = session.lifetime().await?.map(|time| SessionTime {
            idle_remaining: time.unused.whole_seconds(),
            absolute_remaining: time.at_most.whole_seconds(),
            idle: time.idle.whole_seconds(),
        });
    }
    Ok(visitor)
}

/// The visitor, with the flash for the page at `path`. Removes the flash from the session.
pub async fn snapshot(
    features: Features,
    session: &Session,
    db: &Database,
    path: &str,
) -> Result<Visitor, AppError> {
    let mut flash = flash::take(session, path).await?;
    let mut visitor = load(features, session, db).await?;
    let email = visitor.user.as_ref().map(|user| user.email.as_str());
    // Typed values of one user are not shown to the next one.
    flash.failure = flash
        .failure
        .filter(|failure| failure.typed(EXPECTED_USER).is_none_or(|expected| Some(expected) == email));
    visitor.flash = flash;
    Ok(visitor)
}
