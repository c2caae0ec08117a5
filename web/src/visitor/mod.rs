//! The visitor on a page: takes the [snapshot](crate::snapshot::Visitor) on the server, and updates it in the browser.

mod api;
mod current;
#[cfg(feature = "ssr")]
mod store;
mod tabs;
mod watch;

pub use api::{PeekVisitor, ShowVisitor, peek_visitor, show_visitor};
pub use current::{CurrentVisitor, SignedIn, SignedOut, provide_visitor, use_visitor};
#[cfg(feature = "ssr")]
pub use store::{load, load_current, snapshot};
pub use tabs::{Tabs, provide_tabs};
pub use watch::{SessionWarning, follow_navigation, guard_page};
