//! The visit counter: the smallest thing that a session can keep, counted on each opening of its page.

mod api;
mod model;
#[cfg(feature = "ssr")]
mod store;
mod view;

pub use api::{RecordVisit, ResetVisits, ShowVisits, record_visit, reset_visits, show_visits};
pub use model::Visits;
pub use view::VisitCounter;
