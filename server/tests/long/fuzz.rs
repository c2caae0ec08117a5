//! Runs the fuzzer for minutes.

#[path = "../it/fuzz/engine/mod.rs"]
mod engine;

#[tokio::test]
async fn a_hundred_thousand_fuzzed_requests_cause_no_server_error_and_no_memory_growth() {
    print!("{}", engine::run(100_000).await);
}
