//! The fuzzer, for as long as a lane of its own may take.

#[path = "../it/fuzz/engine/mod.rs"]
mod engine;

#[tokio::test]
async fn a_hundred_thousand_requests_find_no_fault_of_the_servers_and_no_growth() {
    print!("{}", engine::run(100_000).await);
}
