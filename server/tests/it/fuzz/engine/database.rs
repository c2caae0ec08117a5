//! Checks the database after a run: its structure, and that the requests explain the number of rows.

use std::path::Path;

use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, query_scalar};

use super::visitor::Tally;

/// The table, its number of rows, and the most that the requests may have created.
pub(crate) type Rows = Vec<(&'static str, i64, usize)>;

/// Checks the database of a server that has stopped.
pub(crate) async fn check(folder: &Path, tally: &Tally) -> Rows {
    let url = format!("sqlite://{}/data/satchel.db", folder.display());
    let mut db = SqliteConnection::connect(&url).await.unwrap();
    let sound: Vec<String> = query_scalar("pragma integrity_check").fetch_all(&mut db).await.unwrap();
    assert_eq!(sound, ["ok"]);
    assert!(sqlx::query("pragma foreign_key_check").fetch_all(&mut db).await.unwrap().is_empty());

    let sessions: Vec<String> = query_scalar("select data from sessions").fetch_all(&mut db).await.unwrap();
    for data in &sessions {
        let values: Result<Map<String, Value>, _> = serde_json::from_str(data);
        assert!(values.is_ok(), "a session that cannot be read: {}", &data[..data.len().min(1_000)]);
    }
    let clocks =
        "select count(*) from sessions where version < 1 or used_at < began_at or expires_at > ends_at";
    assert_eq!(query_scalar::<_, i64>(clocks).fetch_one(&mut db).await.unwrap(), 0);

    // A session has a row only if a response set its cookie.
    let given = tally.ids.len() + tally.unread;
    let registered = tally.done("/api/auth/register");
    let bounds = [
        ("sessions", given),
        ("renewed_sessions", given),
        ("users", 1 + registered),
        // <shop>
        ("products", 12),
        ("orders", tally.done("/api/orders/place")),
        ("order_lines", tally.done("/api/orders/place") * 12),
        ("saved_cart_lines", (1 + registered) * 12),
        // </shop>
    ];
    // <shop>
    let sold =
        "select (select sum(stock) from products) + (select coalesce(sum(quantity), 0) from order_lines)";
    // The stock of the migrations. Less is left if accounts with orders were deleted.
    assert!(query_scalar::<_, i64>(sold).fetch_one(&mut db).await.unwrap() <= 10 * 1_000 + 3 + 8);
    // </shop>
    let mut rows = Vec::new();
    for (table, most) in bounds {
        let count: i64 = query_scalar(AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&mut db)
            .await
            .unwrap();
        assert!(
            usize::try_from(count).unwrap() <= most,
            "{count} rows in {table}, but at most {most} were created"
        );
        rows.push((table, count, most));
    }
    rows
}
