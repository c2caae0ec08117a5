//! A connection of the tests to the database of a server, and the settings of the server's own connections.

use std::path::Path;

use session::Pool;
use sqlx::{
    AssertSqlSafe, Row,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tokio::runtime::Runtime;

/// A connection for tests that are not async.
pub(crate) struct Database {
    runtime: Runtime,
    pool: Pool,
}

impl Database {
    pub(crate) fn open(file: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // A single connection, so that several statements can be one transaction.
        let pool = SqlitePoolOptions::new().max_connections(1);
        let pool = runtime.block_on(pool.connect_with(SqliteConnectOptions::new().filename(file))).unwrap();
        Self { runtime, pool }
    }

    pub(crate) fn run(&self, statement: &str) {
        self.runtime.block_on(sqlx::query(AssertSqlSafe(statement)).execute(&self.pool)).unwrap();
    }

    pub(crate) fn count(&self, query: &str) -> i64 {
        self.runtime.block_on(sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&self.pool)).unwrap()
    }

    /// Checks the structure of the file and the foreign keys.
    pub(crate) fn expect_intact(&self) {
        let result: String = self
            .runtime
            .block_on(sqlx::query_scalar("pragma integrity_check").fetch_one(&self.pool))
            .unwrap();
        assert_eq!(result, "ok");
        let broken =
            self.runtime.block_on(sqlx::query("pragma foreign_key_check").fetch_all(&self.pool)).unwrap();
        assert!(
            broken.is_empty(),
            "{:?}",
            broken.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>()
        );
    }

    // <shop>
    /// Checks that the lines of each order make its total, and that the stock went down by what was sold.
    pub(crate) fn expect_whole_orders(&self) {
        let wrong = "select count(*) from orders where total_cents <>
                   (select coalesce(sum(unit_price_cents * quantity), -1) from order_lines where order_id = orders.id)";
        assert_eq!(self.count(wrong), 0, "orders whose lines do not add up");
        let sold = "select count(*) from products where stock +
                    (select coalesce(sum(quantity), 0) from order_lines where product_id = products.id) not in (1000, 3, 8)";
        assert_eq!(self.count(sold), 0, "products with a wrong stock");
    }
    // </shop>
}

/// Security: power cuts
#[tokio::test]
async fn the_database_settings_protect_against_power_cuts_and_several_writers() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let db = server::database::open(&url).await.unwrap();
    let journal_mode: String =
        sqlx::query_scalar("pragma journal_mode").fetch_one(db.writer()).await.unwrap();
    assert_eq!(journal_mode, "wal");
    let synchronous: i64 = sqlx::query_scalar("pragma synchronous").fetch_one(db.writer()).await.unwrap();
    assert_eq!(synchronous, 2, "not FULL: a power cut loses commits (sqlite.org/pragma.html)");
    let version: String = sqlx::query_scalar("select sqlite_version()").fetch_one(db.writer()).await.unwrap();
    let numbers: Vec<u32> = version.split('.').map(|number| number.parse().unwrap()).collect();
    // Older versions can damage the file when two processes write at the same time (sqlite.org/wal.html).
    assert!(numbers.as_slice() >= [3, 51, 3].as_slice(), "SQLite {version}");
}
