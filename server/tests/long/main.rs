//! Tests that take minutes or the whole machine. Run them one at a time: `cargo test --test long -- --test-threads=1`.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod crowd;
#[path = "../it/database.rs"]
mod database;
mod fuzz;
mod locked;
mod overload;
#[path = "../it/running.rs"]
mod running;
