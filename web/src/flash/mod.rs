//! Flash messages: the outcome of a plain form, on the page that it redirects to. They wait in the session and are shown once.

mod model;
#[cfg(feature = "ssr")]
mod store;
mod view;

pub use model::{Flash, FormFailure};
#[cfg(feature = "ssr")]
pub use store::{put, take};
pub use view::{NoticeBar, Notices, provide_notices};
