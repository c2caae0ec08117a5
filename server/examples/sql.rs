//! Runs one SQL statement on a database: how the browser tests change what the app alone does not let anybody change.
//!
//! ```sh
//! cargo run --example sql sqlite://data/satchel.db "update users set name = 'Ada' where email = 'ada@example.com'"
//! ```

use anyhow::{Context, bail};
use session::Pool;
use sqlx::AssertSqlSafe;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [url, statement] = arguments.as_slice() else { bail!("usage: sql DATABASE_URL STATEMENT") };
    let pool = Pool::connect(url).await.with_context(|| format!("cannot open {url}"))?;
    // The whole statement is the caller's own.
    sqlx::query(AssertSqlSafe(statement.clone())).execute(&pool).await.context("the statement failed")?;
    Ok(())
}
