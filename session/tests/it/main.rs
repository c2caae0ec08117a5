//! Tests of the guarantees in `README.md`.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

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
