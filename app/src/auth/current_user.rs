//! The signed-in user of a request. Whoever takes one as an argument is never called without.

use serde::{Deserialize, Serialize};
use session::{Session, SessionValue};

use super::{
    User, UserId,
    store::{KnownUser, find_user},
};
use crate::{context::Caller, error::AppError, storage::Storage};

/// For so long after the password was typed it is not asked for again (ASVS 7.5.1), in seconds. Use does not extend it.
const CONFIRMED_SECONDS: i64 = 10 * 60;

/// What a session keeps of its latest sign-in; whose it is, the session's owner says.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct SignIn {
    /// The version of the password that was typed.
    password_version: i64,
    /// When the password was typed, in seconds since 1970.
    confirmed_at: i64,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
    /// Where the request came from.
    pub address: Option<String>,
}

impl SignIn {
    /// The password of this version was typed just now.
    pub(crate) fn now(caller: &Caller, password_version: i64) -> Self {
        Self {
            password_version,
            confirmed_at: caller.now,
            user_agent: caller.user_agent.clone(),
            address: caller.address.map(|address| address.to_string()),
        }
    }
}

impl SessionValue for SignIn {
    const KEY: &'static str = "sign_in";
}

/// A user who is signed in.
#[derive(Clone, Debug)]
pub struct CurrentUser {
    user: User,
    password_version: i64,
    confirmed: bool,
}

impl CurrentUser {
    /// The user whose session this is. One whose account is gone, or whose password has changed since, is nobody.
    ///
    /// # Errors
    ///
    /// [`AppError::Unavailable`] when the session or the database fails.
    pub async fn find(session: &Session, db: &Storage, now: i64) -> Result<Option<Self>, AppError> {
        let (Some(id), Some(sign_in)) = (session.owner().await?, session.read::<SignIn>().await?) else {
            return Ok(None);
        };
        let known = find_user(db, &UserId(id)).await?;
        let known = known.filter(|known| known.password_version == sign_in.password_version);
        // A clock that was set back confirms nothing.
        let confirmed = (0..CONFIRMED_SECONDS).contains(&(now - sign_in.confirmed_at));
        Ok(known.map(|KnownUser { user, password_version }| Self { user, password_version, confirmed }))
    }

    /// The user who calls.
    ///
    /// # Errors
    ///
    /// [`AppError::SignInFirst`] for a guest, [`AppError::SessionEnded`] for who was signed in until now.
    pub async fn require(caller: &Caller) -> Result<Self, AppError> {
        match Self::find(&caller.session, &caller.db, caller.now).await? {
            Some(user) => Ok(user),
            None if caller.session.has_ended().await? => Err(AppError::SessionEnded),
            None => Err(AppError::SignInFirst),
        }
    }

    /// The account.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.user
    }

    /// The version of the password with which this session was signed in.
    #[must_use]
    pub fn password_version(&self) -> i64 {
        self.password_version
    }

    /// Refuses a form that another user had before, in a tab that has stayed open.
    ///
    /// # Errors
    ///
    /// [`AppError::SessionEnded`]: that user's has.
    pub fn require_form_of(&self, whose: Option<&str>) -> Result<(), AppError> {
        let own = whose.is_none_or(|whose| whose == self.user.email.as_str());
        if own { Ok(()) } else { Err(AppError::SessionEnded) }
    }

    /// Whether the password was typed within the last ten minutes.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.confirmed
    }
}

/// A user who has typed the password within the last ten minutes.
#[derive(Clone, Debug)]
pub struct ConfirmedUser(CurrentUser);

impl ConfirmedUser {
    /// The user who calls.
    ///
    /// # Errors
    ///
    /// As [`CurrentUser::require`], and [`AppError::ConfirmFirst`] when it is longer ago.
    pub async fn require(caller: &Caller) -> Result<Self, AppError> {
        let user = CurrentUser::require(caller).await?;
        if user.confirmed { Ok(Self(user)) } else { Err(AppError::ConfirmFirst) }
    }

    /// The account.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.0.user
    }

    /// The version of the password with which this session was signed in.
    #[must_use]
    pub fn password_version(&self) -> i64 {
        self.0.password_version()
    }
}
