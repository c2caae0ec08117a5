//! What takes minutes, or the whole machine: one after the other, by `cargo test --test long -- --test-threads=1`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod crowd;
#[path = "../it/database.rs"]
mod database;
mod fuzz;
mod locked;
mod overload;
mod process;
#[path = "../it/running.rs"]
mod running;
