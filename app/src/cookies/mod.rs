//! The cookie lab: plain and signed cookies to set, inspect, change and delete. The session's own cookie cannot be changed here, and the
//! values of other apps' cookies are hidden.

mod api;
mod model;
mod page;
mod received;
#[cfg(feature = "ssr")]
mod store;
mod view;

use server_fn::ServerFn;
use web::feature::{Feature, Form, NavLink};

use api::{DeleteCookie, SetCookie, ShowCookies, TamperCookie};
pub use model::{CookieName, CookieValue, parse_max_age};
pub use page::CookiesPage;
pub use received::{CookieState, ReceivedCookie};

#[cfg(feature = "ssr")]
use store::SERVER;
#[cfg(not(feature = "ssr"))]
use web::feature::NO_SERVER as SERVER;

const PAGE: &str = "/cookies";

/// What the app needs to know of this feature.
pub const FEATURE: Feature = Feature {
    nav: &[NavLink::new("Cookies", PAGE)],
    public: &[PAGE, ShowCookies::PATH, SetCookie::PATH, DeleteCookie::PATH, TamperCookie::PATH],
    sitemap: &[PAGE],
    forms: &[
        Form::to::<SetCookie>()
            .on(PAGE)
            .success("The cookie has been set.")
            .refill(&["name", "value", "max_age", "signed"]),
        Form::to::<DeleteCookie>().on(PAGE).success("The cookie has been deleted.").refill(&["name"]),
        Form::to::<TamperCookie>()
            .on(PAGE)
            .success("The cookie has another value now. See how the server reacts.")
            .refill(&["name"]),
    ],
    server: SERVER,
    ..Feature::EMPTY
};
