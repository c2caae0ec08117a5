//! One-time messages: what a plain form has to tell on the page that it is redirected to, shown there exactly once.

mod model;
#[cfg(feature = "ssr")]
mod store;
mod view;

pub use model::{Failure, Flash, Message};
#[cfg(feature = "ssr")]
pub use store::{keep, take};
pub use view::{NoticeBar, Notices, provide_notices};
