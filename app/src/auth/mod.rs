//! Signing in and out with e-mail and password.

mod api;
mod model;
#[cfg(feature = "ssr")]
pub mod password;
#[cfg(feature = "ssr")]
pub mod store;
mod view;

pub use api::{Login, Logout, login, logout};
pub use model::{Credentials, DemoAccount, Email, User, UserId};
pub use view::{LoginForm, LogoutForm};
