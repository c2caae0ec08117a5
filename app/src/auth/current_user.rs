//! The signed-in user of a request. Whoever takes one as an argument is never called without.

use serde::{Deserialize, Serialize};
use session::{Session, SessionError, SessionValue, Transaction};

use super::{
    User, UserId,
    audit::{self, Event},
    store::{KnownUser, find_user, password_version},
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
        if let Some(user) = Self::find(&caller.session, &caller.db, caller.now).await? {
            return Ok(user);
        }
        let (event, error) = if caller.session.has_ended().await? {
            (Event::SessionEnded, AppError::SessionEnded)
        } else {
            (Event::SignInRequired, AppError::SignInFirst)
        };
        let owner = caller.session.owner().await?.map(UserId);
        audit::record(event, caller, owner.as_ref()).await;
        Err(error)
    }

    /// Begins a transaction in which this user is still signed in: the session lives, and the password is the one that it was signed in
    /// with. Every change of an account begins with it, because both may have changed since they were read: while the change waited
    /// for a password's hash, the owner may have changed the password to be rid of whoever else is signed in.
    ///
    /// # Errors
    ///
    /// [`AppError::SessionEnded`] when the session or the password has changed, [`AppError::Unavailable`] when the database fails.
    pub async fn begin(&self, caller: &Caller) -> Result<Transaction, AppError> {
        let mut transaction = caller.db.begin().await?;
        let signed_in = match caller.session.require_within(&mut transaction).await {
            Err(SessionError::Ended) => false,
            Err(error) => return Err(error.into()),
            Ok(()) => password_version(&mut transaction, &self.user.id).await? == Some(self.password_version),
        };
        if signed_in {
            return Ok(transaction);
        }
        drop(transaction);
        audit::record(Event::SessionEnded, caller, Some(&self.user.id)).await;
        Err(AppError::SessionEnded)
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
    pub async fn require_form_of(&self, caller: &Caller, whose: Option<&str>) -> Result<(), AppError> {
        if whose.is_none_or(|whose| whose == self.user.email.as_str()) {
            return Ok(());
        }
        audit::record(Event::FormOfAnotherUser, caller, Some(&self.user.id)).await;
        Err(AppError::SessionEnded)
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
        if user.confirmed {
            return Ok(Self(user));
        }
        audit::record(Event::ConfirmationRequired, caller, Some(&user.user.id)).await;
        Err(AppError::ConfirmFirst)
    }

    /// As [`CurrentUser::begin`].
    ///
    /// # Errors
    ///
    /// As [`CurrentUser::begin`].
    pub async fn begin(&self, caller: &Caller) -> Result<Transaction, AppError> {
        self.0.begin(caller).await
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
