//! The visitor: one snapshot of the session, taken once for each page and read by every session-aware component.

mod api;
mod model;
#[cfg(feature = "ssr")]
mod store;
mod tabs;
mod view;
mod watch;

pub use api::{PeekVisitor, ShowVisitor, peek_visitor, show_visitor};
pub use model::{Account, SessionTime, Visitor};
#[cfg(feature = "ssr")]
pub use store::{after_commit, current, load, snapshot};
pub use tabs::{Tabs, provide_tabs};
pub use view::{CurrentVisitor, SignedIn, SignedOut, provide_visitor, use_visitor};
pub use watch::{SessionEnded, SessionWarning, follow_navigation, guard_private_pages, watch_session};
