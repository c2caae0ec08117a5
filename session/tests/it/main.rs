//! The eleven guarantees, each with tests that fail when its mechanism is taken out; and what a page can show of a session.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod clocks;
mod cookies;
mod ending;
mod from_flask;
mod harness;
mod inspection;
mod layer;
mod model;
mod owned;
mod store;
mod updates;
