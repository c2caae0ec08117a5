//! Runs one SQL statement on a database: how the browser tests change a price, empty a shelf or let time pass.
//!
//! ```sh
//! cargo run --example sql sqlite://data/satchel.db "update products set stock = 0 where id = 3"
//! ```

use anyhow::{Context, bail};
use session::Pool;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [url, statement] = arguments.as_slice() else { bail!("usage: sql DATABASE_URL STATEMENT") };
    let pool = Pool::connect(url).await.with_context(|| format!("cannot open {url}"))?;
    sqlx::query(statement).execute(&pool).await.context("the statement failed")?;
    Ok(())
}
