//! The visit counter: counts how often a visitor opens its page. The smallest complete feature: a session value, a form and a page.

mod api;
mod model;
mod page;
#[cfg(feature = "ssr")]
mod store;

use server_fn::ServerFn;
use web::feature::{Feature, Form, NavLink};

pub use api::{RecordVisit, ResetVisits, ShowVisits};
pub use model::Visits;
pub use page::VisitsPage;

/// What the app needs to know of this feature.
pub const FEATURE: Feature = Feature {
    nav: &[NavLink::new("Visits", "/visits")],
    public: &["/visits", RecordVisit::PATH, ResetVisits::PATH, ShowVisits::PATH],
    sitemap: &["/visits"],
    forms: &[
        Form::to::<RecordVisit>().on("/visits"),
        Form::to::<ResetVisits>().on("/visits").success("The counter has been reset."),
    ],
    session_keys: &["visits"],
    ..Feature::EMPTY
};
