//! Runs the fuzzer for a few seconds.

pub(crate) mod engine;

#[tokio::test]
async fn two_thousand_fuzzed_requests_cause_no_server_error() {
    engine::run(2_000).await;
}
