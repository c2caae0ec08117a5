//! The requests that are killed.

use axum::http::StatusCode;

use crate::{
    SENT_AT,
    client::{ADA, App, Browser, Call, PASSWORD, credentials, registration},
    snapshot::Snapshot,
};

const EVE: &str = "eve@example.com";
const NEW_PASSWORD: &str = "four-words-are-better";

/// The sessions that a user may have: `SessionConfig` has 50 by default.
const MAX_SESSIONS: usize = 50;

/// A request, with its preparation and its expected result.
#[derive(Clone, Copy)]
pub(crate) enum Scenario {
    Register,
    RegisterAsGuest,
    SignIn,
    SignInAsAnother,
    SignOut,
    Confirm,
    ChangePassword,
    Revoke,
    DeleteAccount,
}

impl Scenario {
    pub(crate) const ALL: [Self; 9] = [
        Self::Register,
        Self::RegisterAsGuest,
        Self::SignIn,
        Self::SignInAsAnother,
        Self::SignOut,
        Self::Confirm,
        Self::ChangePassword,
        Self::Revoke,
        Self::DeleteAccount,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Register => "register without a session",
            Self::RegisterAsGuest => "register with a guest's session",
            Self::SignIn => "sign in with surplus sessions",
            Self::SignInAsAnother => "sign in where another user is signed in",
            Self::SignOut => "sign out",
            Self::Confirm => "confirm the password",
            Self::ChangePassword => "change the password",
            Self::Revoke => "revoke a device",
            Self::DeleteAccount => "delete the account",
        }
    }

    /// Prepares the database, and returns the request to kill.
    pub(crate) async fn prepare(self, app: &App) -> Call {
        let (mut laptop, mut phone) = (Browser::default(), Browser::default());
        match self {
            Self::Register => laptop.call("/api/auth/register", &registration(ADA)),
            Self::RegisterAsGuest => {
                laptop.post(app, "/api/preferences/theme", "theme=dark").await;
                laptop.call("/api/auth/register", &registration(ADA))
            }
            Self::SignIn => {
                phone.register(app, ADA).await;
                // <shop>
                phone.fill_cart(app).await;
                // </shop>
                // Makes the session of the phone the least recently used one.
                app.clock.advance(time::Duration::SECOND);
                for _ in 1..MAX_SESSIONS {
                    Browser::default().sign_in(app).await;
                }
                laptop.call("/api/auth/login", &credentials(ADA, PASSWORD))
            }
            Self::SignInAsAnother => {
                phone.register(app, EVE).await;
                laptop.register(app, ADA).await;
                // <shop>
                laptop.fill_cart(app).await;
                // </shop>
                laptop.call("/api/auth/login", &credentials(EVE, PASSWORD))
            }
            Self::SignOut => {
                laptop.register(app, ADA).await;
                // <shop>
                laptop.fill_cart(app).await;
                // </shop>
                laptop.call("/api/auth/logout", "")
            }
            Self::Confirm => {
                laptop.register(app, ADA).await;
                laptop.call("/api/auth/confirm", &format!("password={PASSWORD}"))
            }
            Self::ChangePassword => {
                phone.register(app, ADA).await;
                // <shop>
                phone.fill_cart(app).await;
                // </shop>
                Browser::default().sign_in(app).await;
                laptop.sign_in(app).await;
                laptop.call("/api/auth/password", &format!("current={PASSWORD}&new={NEW_PASSWORD}"))
            }
            Self::Revoke => {
                phone.register(app, ADA).await;
                // <shop>
                phone.fill_cart(app).await;
                // </shop>
                let query = sqlx::query_scalar("select handle from sessions");
                let device: String = query.fetch_one(app.db.readers()).await.unwrap();
                laptop.sign_in(app).await;
                laptop.call("/api/auth/revoke", &format!("device={device}"))
            }
            Self::DeleteAccount => {
                phone.register(app, ADA).await;
                // <shop>
                phone.fill_cart(app).await;
                // </shop>
                Browser::default().sign_in(app).await;
                laptop.sign_in(app).await;
                phone.post(app, "/api/auth/logout", "").await;
                laptop.call("/api/auth/delete", &format!("password={PASSWORD}"))
            }
        }
    }

    /// Whether `now` is the state after the request, sent once or repeatedly, if it started from `before`.
    pub(crate) fn is_done(self, before: &Snapshot, now: &Snapshot) -> bool {
        let (had, has) = (before.sessions_of(ADA), now.sessions_of(ADA));
        // <shop>
        // The user keeps all items, and none is added twice, unless the account is deleted.
        let items = if matches!(self, Self::DeleteAccount) { 0 } else { before.items_of(ADA) };
        if now.items_of(ADA) != items {
            return false;
        }
        // </shop>
        match self {
            // A guest's session becomes the user's.
            Self::Register | Self::RegisterAsGuest => has.len() == 1 && now.sessions.len() == 1,
            Self::SignIn => {
                let created = has.iter().any(|session| !before.has_handle(&session.handle));
                let surplus = had.iter().min_by_key(|session| session.began_at);
                let ended = surplus.is_some_and(|surplus| !now.has_handle(&surplus.handle));
                had.len() == MAX_SESSIONS && has.len() == MAX_SESSIONS && created && ended
            }
            Self::SignInAsAnother => {
                let hers = now.sessions_of(EVE);
                has.is_empty() && hers.iter().any(|session| !before.has_handle(&session.handle))
            }
            Self::SignOut => now.user(ADA).is_some() && has.is_empty(),
            Self::Confirm => {
                has.len() == 1 && has[0].has_new_id(before) && has[0].sign_in()["confirmed_at"] == SENT_AT
            }
            Self::ChangePassword => {
                let version = |snapshot: &Snapshot| snapshot.user(ADA).map(|user| user.password_version);
                let changed = version(now) == version(before).map(|version| version + 1);
                changed && had.len() == 3 && has.len() == 1 && has[0].has_new_id(before)
            }
            Self::Revoke => had.len() == 2 && has.len() == 1,
            Self::DeleteAccount => had.len() == 2 && now.user(ADA).is_none() && now.sessions.is_empty(),
        }
    }

    /// The status if the request is repeated with the same cookie.
    pub(crate) fn status_when_repeated(self) -> StatusCode {
        match self {
            Self::Register | Self::RegisterAsGuest => StatusCode::CONFLICT,
            Self::SignIn | Self::SignInAsAnother | Self::SignOut => StatusCode::OK,
            // The session has a new id or was deleted.
            Self::Confirm | Self::ChangePassword | Self::DeleteAccount => StatusCode::UNAUTHORIZED,
            Self::Revoke => StatusCode::NOT_FOUND,
        }
    }

    /// Passwords, and the status of a sign-in with each after the request.
    pub(crate) fn passwords(self) -> &'static [(&'static str, StatusCode)] {
        match self {
            Self::ChangePassword => &[(NEW_PASSWORD, StatusCode::OK), (PASSWORD, StatusCode::UNAUTHORIZED)],
            Self::DeleteAccount => &[(PASSWORD, StatusCode::UNAUTHORIZED)],
            _ => &[(PASSWORD, StatusCode::OK)],
        }
    }
}
