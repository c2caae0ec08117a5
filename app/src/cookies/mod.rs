//! The cookie lab: plain and signed cookies to set, look at, change and delete. It leaves the session alone, and the session's
//! own cookie cannot be touched here. Of cookies that were not set here it shows the names.

mod api;
mod model;
mod received;
#[cfg(feature = "ssr")]
mod store;
mod view;
#[cfg(feature = "ssr")]
mod wire;

pub use api::{
    DeleteCookie, SetCookie, ShowCookies, TamperCookie, delete_cookie, set_cookie, show_cookies,
    tamper_cookie,
};
pub use model::{CookieName, CookieValue, MaxAge};
pub use received::{CookieState, ReceivedCookie};
#[cfg(feature = "ssr")]
pub use store::CookieLab;
pub use view::CookiePanel;
