//! The fuzzer, for a few seconds.

mod engine;

#[tokio::test]
async fn two_thousand_requests_find_no_fault_of_the_servers() {
    engine::run(2_000).await;
}
