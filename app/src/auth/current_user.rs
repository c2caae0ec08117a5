//! The signed-in user of a request.

use serde::{Deserialize, Serialize};
use session::{Database, Session, SessionError, SessionValue, Transaction};
use web::{
    audit,
    context::RequestContext,
    error::AppError,
    server_feature::{HookFuture, ServerFeature, ServerHooks},
    snapshot::{Account, Visitor},
};

use super::{
    Event, User, UserId,
    store::{StoredUser, find_user, password_version},
};

/// How long after the password was typed it is not asked for again (ASVS 7.5.1), in seconds. Use does not extend it.
const CONFIRMED_SECONDS: i64 = 10 * 60;

/// The latest sign-in of a session, in the session.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct SignIn {
    password_version: i64,
    /// When the password was typed, in seconds since 1970.
    confirmed_at: i64,
    /// The `User-Agent` of the browser.
    pub user_agent: Option<String>,
    /// The address of the client.
    pub address: Option<String>,
}

impl SignIn {
    /// A sign-in, or a confirmation, with the password of this version.
    pub(crate) fn now(request: &RequestContext, password_version: i64) -> Self {
        Self {
            password_version,
            confirmed_at: request.now,
            user_agent: request.user_agent.clone(),
            address: request.address.map(|address| address.to_string()),
        }
    }
}

impl SessionValue for SignIn {
    const KEY: &'static str = "sign_in";
}

/// A signed-in user.
#[derive(Clone, Debug)]
pub struct CurrentUser {
    user: User,
    password_version: i64,
    confirmed: bool,
}

impl CurrentUser {
    /// The user of this session. `None` for a guest, after the account was deleted, and after the password was changed.
    pub async fn find(session: &Session, db: &Database) -> Result<Option<Self>, AppError> {
        let (Some(id), Some(sign_in)) = (session.owner().await?, session.read::<SignIn>().await?) else {
            return Ok(None);
        };
        let stored = find_user(db, &UserId(id)).await?;
        let stored = stored.filter(|stored| stored.password_version == sign_in.password_version);
        // Negative if the clock was set back.
        let confirmed = (0..CONFIRMED_SECONDS).contains(&(session.now() - sign_in.confirmed_at));
        Ok(stored.map(|StoredUser { user, password_version }| Self { user, password_version, confirmed }))
    }

    /// The user who calls a server function that is not public. Fails with [`AppError::SessionEnded`] if the user was signed out
    /// since the [access check](web::access).
    pub async fn require(request: &RequestContext) -> Result<Self, AppError> {
        Self::find(&request.session, &request.db).await?.ok_or(AppError::SessionEnded)
    }

    /// Begins a transaction in which this user is still signed in: the session is active, and the password has not changed. Every
    /// change of an account begins with it, because both may have changed since they were read, for example while a password was
    /// hashed. Fails with [`AppError::SessionEnded`] when the session or the password has changed, [`AppError::Unavailable`] when
    /// the database fails.
    pub async fn begin(&self, request: &RequestContext) -> Result<Transaction, AppError> {
        let mut transaction = request.db.begin().await?;
        let signed_in = match request.session.require_within(&mut transaction).await {
            Err(SessionError::Ended) => false,
            Err(error) => return Err(error.into()),
            Ok(()) => password_version(&mut transaction, &self.user.id).await? == Some(self.password_version),
        };
        if signed_in {
            return Ok(transaction);
        }
        drop(transaction);
        audit::record(audit::SESSION_ENDED, request, Some(&self.user.id.0)).await;
        Err(AppError::SessionEnded)
    }

    /// The account.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.user
    }

    /// The version of the password that was typed to sign in.
    #[must_use]
    pub fn password_version(&self) -> i64 {
        self.password_version
    }

    /// Refuses a form that was rendered for another user, in a tab that has stayed open. Fails with [`AppError::SessionEnded`]:
    /// the session of that user has.
    pub async fn require_form_of(
        &self,
        request: &RequestContext,
        expected_email: Option<&str>,
    ) -> Result<(), AppError> {
        if expected_email.is_none_or(|expected| expected == self.user.email.as_str()) {
            return Ok(());
        }
        audit::record(Event::FormOfAnotherUser, request, Some(&self.user.id.0)).await;
        Err(AppError::SessionEnded)
    }

    /// Whether the user typed the password within the last ten minutes.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.confirmed
    }
}

/// A signed-in user who typed the password within the last ten minutes.
#[derive(Clone, Debug)]
pub struct ConfirmedUser(CurrentUser);

impl ConfirmedUser {
    /// The user who calls a server function that is not public. Fails as [`CurrentUser::require`], and [`AppError::ConfirmFirst`]
    /// if the user has to type the password again.
    pub async fn require(request: &RequestContext) -> Result<Self, AppError> {
        let user = CurrentUser::require(request).await?;
        if user.confirmed {
            return Ok(Self(user));
        }
        audit::record(Event::ConfirmationRequired, request, Some(&user.user.id.0)).await;
        Err(AppError::ConfirmFirst)
    }

    /// As [`CurrentUser::begin`].
    pub async fn begin(&self, request: &RequestContext) -> Result<Transaction, AppError> {
        self.0.begin(request).await
    }

    /// The account.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.0.user
    }

    /// The version of the password that was typed to sign in.
    #[must_use]
    pub fn password_version(&self) -> i64 {
        self.0.password_version()
    }
}

pub(super) const SERVER: ServerHooks = &Hooks;

#[derive(Debug)]
struct Hooks;

impl ServerFeature for Hooks {
    fn snapshot<'a>(
        &'a self,
        session: &'a Session,
        db: &'a Database,
        visitor: &'a mut Visitor,
    ) -> HookFuture<'a, Result<(), AppError>> {
        Box::pin(async move {
            visitor.user = CurrentUser::find(session, db).await?.map(|current| Account {
                name: current.user.name.to_string(),
                email: current.user.email.to_string(),
                confirmed: current.confirmed,
            });
            Ok(())
        })
    }
}
