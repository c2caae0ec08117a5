//! What outlives a session: features save state of a user's session when it ends, and restore it at the next sign-in on any device.

use session::{Connection, OwnedSession, Session, Transaction};
use web::{error::AppError, feature::Features, server_feature::SavedState};

use super::UserId;

/// What features save of one session that has just ended.
pub struct SavedStates {
    pub user: UserId,
    states: Vec<Box<dyn SavedState>>,
}

impl SavedStates {
    /// What features save of a session; `None` for a guest's.
    #[must_use]
    pub fn of(features: Features, session: &OwnedSession) -> Option<Self> {
        let states = features.0.iter().filter_map(|feature| feature.server.saved_state(session));
        Some(Self { user: UserId(session.owner()?.to_owned()), states: states.collect() })
    }
}

/// Saves the state of sessions, in the transaction that ends them.
pub async fn save(db: &mut Connection, ended: impl IntoIterator<Item = SavedStates>) -> Result<(), AppError> {
    for SavedStates { user, states } in ended {
        for state in states {
            state.save(db, &user.0).await?;
        }
    }
    Ok(())
}

/// Restores in a session what was saved for its user, in the transaction that signs in.
pub(super) async fn restore(
    features: Features,
    session: &Session,
    transaction: &mut Transaction,
    user: &UserId,
) -> Result<(), AppError> {
    for feature in features.0 {
        feature.server.restore(session, transaction, &user.0).await?;
    }
    Ok(())
}
