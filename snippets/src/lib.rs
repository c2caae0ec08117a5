//! Takes code out of source files, by the names of items: nothing in the source has to be marked, and what is shown cannot go stale.
//!
//! ```
//! let source = "struct Other;\n\n/// How often.\nstruct Visits(u64);\n";
//! assert_eq!(snippets::extract(source, "struct Visits", true)?, "/// How often.\nstruct Visits(u64);\n");
//! # Ok::<(), snippets::ItemError>(())
//! ```

mod highlight;
mod item;
mod markdown;
mod quote;

pub use highlight::{escape, highlight};
pub use item::{ItemError, extract};
pub use markdown::{Problem, update};
pub use quote::{Quote, QuoteError};
