//! The code that pages show of themselves: cut out of the source and coloured while the server is built, so that it is always what runs.

mod api;
#[cfg(feature = "ssr")]
mod cut;
mod model;
#[cfg(feature = "ssr")]
pub mod table;
mod view;

pub use api::{ShowSource, Source, show_source};
#[cfg(feature = "ssr")]
pub use cut::FOLDS;
pub use model::Folds;
pub use view::HowItWorks;
