//! Takes code out of source files, by the names of items, for the documentation and for pages that show their own code.
//!
//! Sources need no markers, and `snippets check` finds quotations that have changed.

mod highlight;
mod item;
mod markdown;
mod quote;

pub use highlight::{escape, highlight};
pub use markdown::update;
pub use quote::quote;
