//! Who somebody is: registering, signing in and out with e-mail and password.

mod api;
#[cfg(feature = "ssr")]
pub mod audit;
#[cfg(feature = "ssr")]
pub mod belongings;
#[cfg(feature = "ssr")]
mod common;
#[cfg(feature = "ssr")]
mod current_user;
#[cfg(feature = "ssr")]
mod limits;
mod model;
mod new_password;
#[cfg(feature = "ssr")]
pub mod password;
#[cfg(feature = "ssr")]
mod sign_in;
#[cfg(feature = "ssr")]
pub mod store;
mod view;

pub use api::{
    CommonPasswords, ListCommonPasswords, Login, Logout, Register, list_common_passwords, login, logout,
    register,
};
#[cfg(feature = "ssr")]
pub use common::is_common;
#[cfg(feature = "ssr")]
pub use current_user::{ConfirmedUser, CurrentUser, SignIn};
#[cfg(feature = "ssr")]
pub use limits::Limits;
pub use model::{Credentials, DemoAccount, Email, Name, Registration, User, UserId};
pub use new_password::{NewPassword, SITE_WORDS, Strength};
#[cfg(feature = "ssr")]
pub(crate) use sign_in::leave;
pub use view::{LoginForm, LogoutForm, NewPasswordField, RegisterForm};
