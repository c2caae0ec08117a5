//! The session explorer: shows what the server stores for the visitor, with forms that change it.
//!
//! All values that a visitor sets are in one value of the session, so that they cannot overwrite those of the app.

mod actions;
mod api;
mod clocks;
mod json_text;
mod log;
mod model;
mod notes;
mod page;
#[cfg(feature = "ssr")]
mod store;
mod view;

use server_fn::ServerFn;
use web::feature::{Feature, Form, NavLink};

use api::{
    ChangePineapples, ClearSession, PeekSession, RememberSession, RemoveValue, RenewSession, SetValue,
    ShowSession,
};
pub use json_text::JsonText;
pub use log::{LogEntry, LogEvent, SentBecause};
pub use model::{CookieFacts, SessionFacts, SessionView, ValueFacts};
pub use notes::{Key, Notes, Pantry};
pub use page::SessionPage;

#[cfg(feature = "ssr")]
use store::SERVER;
#[cfg(not(feature = "ssr"))]
use web::feature::NO_SERVER as SERVER;

const PAGE: &str = "/session";

/// What the app needs to know of this feature.
pub const FEATURE: Feature = Feature {
    nav: &[NavLink::new("Session", PAGE)],
    public: &[
        PAGE,
        ShowSession::PATH,
        PeekSession::PATH,
        SetValue::PATH,
        RemoveValue::PATH,
        ClearSession::PATH,
        RenewSession::PATH,
        RememberSession::PATH,
        ChangePineapples::PATH,
    ],
    sitemap: &[PAGE],
    forms: &[
        // Each byte of a value takes up to three in a form. A value that is a bit too large still gets an error beside the field.
        Form::to::<SetValue>()
            .on(PAGE)
            .success("The value has been saved.")
            .refill(&["key", "value"])
            .body_limit(4 * 1024 * 1024),
        Form::to::<RemoveValue>().on(PAGE).success("The value has been removed.").refill(&["key"]),
        Form::to::<ClearSession>()
            .on(PAGE)
            .go(PAGE)
            .success("Your session has been cleared.")
            .clear_site_data(),
        Form::to::<RenewSession>().on(PAGE).success("Your session has a new id."),
        Form::to::<RememberSession>().on(PAGE).success("Session duration updated."),
        Form::to::<ChangePineapples>()
            .on(PAGE)
            .success("The number of pineapples has been saved.")
            .refill(&["pineapples"]),
    ],
    session_keys: &["notes", "pantry"],
    server: SERVER,
    ..Feature::EMPTY
};
