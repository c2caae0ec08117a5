//! What `build.rs` has cut.

use super::Folds;

include!(concat!(env!("OUT_DIR"), "/folds.rs"));
