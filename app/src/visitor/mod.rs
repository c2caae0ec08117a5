//! The visitor: one snapshot of the session, taken once for each page and read by every session-aware component.

mod api;
mod model;
#[cfg(feature = "ssr")]
mod store;
mod view;

pub use api::{ShowVisitor, show_visitor};
pub use model::{Account, Visitor};
#[cfg(feature = "ssr")]
pub use store::{current, snapshot};
pub use view::{CurrentVisitor, SignedIn, SignedOut, provide_visitor, use_visitor};
