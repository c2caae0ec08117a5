//! The session explorer: what the server keeps for this visitor, and forms that keep, read, remove and renew.
//!
//! Values that a visitor sets here are kept together in one value of the session, so that nothing of the app's own can be
//! overwritten by them.

mod actions;
mod api;
mod clocks;
mod json_text;
mod log;
mod model;
mod notes;
#[cfg(feature = "ssr")]
mod store;
mod view;

pub use api::{
    ChangePineapples, ClearSession, PeekSession, RememberSession, RemoveValue, RenewSession, SetValue,
    ShowSession, change_pineapples, clear_session, peek_session, remember_session, remove_value,
    renew_session, set_value, show_session,
};
pub use json_text::JsonText;
pub use log::{Happening, LogEntry, SentBecause};
pub use model::{CookieFacts, SessionFacts, SessionView, ValueFacts};
pub use notes::{Key, NotKept, Notes, Pantry};
#[cfg(feature = "ssr")]
pub use store::SessionLog;
pub use view::Explorer;
