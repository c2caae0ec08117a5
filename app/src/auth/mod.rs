//! Accounts: registering, signing in and out with e-mail and password, and the signed-in user of a request.

mod api;
#[cfg(feature = "ssr")]
mod common;
#[cfg(feature = "ssr")]
mod current_user;
#[cfg(feature = "ssr")]
mod events;
mod forms;
#[cfg(feature = "ssr")]
mod limits;
mod login_page;
mod model;
mod new_password;
#[cfg(feature = "ssr")]
pub mod password;
mod register_page;
#[cfg(feature = "ssr")]
mod saved_state;
mod session_ended;
#[cfg(feature = "ssr")]
mod sign_in;
#[cfg(feature = "ssr")]
pub mod store;

use server_fn::ServerFn;
use web::{
    feature::{Feature, Form},
    path::SIGN_IN_PAGE,
    visitor::{PeekVisitor, ShowVisitor},
};

use api::ListCommonPasswords;
pub use api::{Login, Logout, Register};
#[cfg(feature = "ssr")]
pub use common::is_common;
#[cfg(feature = "ssr")]
pub use current_user::{ConfirmedUser, CurrentUser, SignIn};
#[cfg(feature = "ssr")]
pub use events::Event;
pub use forms::{LogoutForm, NewPasswordField};
#[cfg(feature = "ssr")]
pub use limits::SignInLimits;
pub use login_page::LoginPage;
pub use model::{Credentials, DemoAccount, Email, Name, Registration, User, UserId};
pub use new_password::{NewPassword, SITE_WORDS, Strength};
pub use register_page::RegisterPage;
#[cfg(feature = "ssr")]
pub use saved_state::{SavedStates, save};
pub use session_ended::SessionEnded;
#[cfg(feature = "ssr")]
pub use sign_in::{sign_out, visitor_after_commit};

#[cfg(feature = "ssr")]
use current_user::SERVER;
#[cfg(not(feature = "ssr"))]
use web::feature::NO_SERVER as SERVER;

const REGISTER_PAGE: &str = "/register";

/// What the app needs to know of this feature.
pub const FEATURE: Feature = Feature {
    public: &[
        SIGN_IN_PAGE,
        REGISTER_PAGE,
        Register::PATH,
        Login::PATH,
        Logout::PATH,
        ListCommonPasswords::PATH,
        ShowVisitor::PATH,
        PeekVisitor::PATH,
    ],
    sitemap: &[SIGN_IN_PAGE, REGISTER_PAGE],
    forms: &[
        Form::to::<Login>()
            .on(SIGN_IN_PAGE)
            .next_or("/")
            .success("Welcome! You are signed in now.")
            .refill(&["email", "remember"]),
        Form::to::<Logout>().go("/").success("You have been signed out.").clear_site_data(),
        Form::to::<Register>()
            .on(REGISTER_PAGE)
            .next_or("/")
            .success("Your account has been created. Welcome!")
            .refill(&["name", "email"]),
    ],
    session_keys: &["sign_in"],
    server: SERVER,
    ..Feature::EMPTY
};
