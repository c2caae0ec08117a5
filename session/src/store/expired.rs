//! The SQL that deletes expired sessions.

use sqlx::{QueryBuilder, Row as _};

use super::Store;
use crate::{Db, SessionError};

/// The maximum that one statement deletes, because it blocks the writer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch {
    pub(crate) rows: i64,
    /// Of values. A larger session is deleted alone.
    pub(crate) bytes: i64,
}

impl Store {
    /// Deletes expired sessions, and renewals up to `renewed_before`. Returns the number of rows.
    pub(crate) async fn delete_expired(
        &self,
        now: i64,
        renewed_before: i64,
        batch: Batch,
    ) -> Result<u64, SessionError> {
        let expired = sqlx::query(
            "select id, octet_length(data) from sessions where expires_at <= $1 order by expires_at limit $2",
        )
        .bind(now)
        .bind(batch.rows)
        .fetch_all(self.db.readers())
        .await?;
        let mut delete = QueryBuilder::<Db>::new("delete from sessions where expires_at <= ");
        let mut ids = delete.push_bind(now).push(" and id in (").separated(", ");
        let (mut bytes, mut sessions) = (0, 0);
        for row in &expired {
            bytes += row.try_get::<i64, _>(1)?;
            if sessions > 0 && bytes > batch.bytes {
                break;
            }
            ids.push_bind(row.try_get::<String, _>(0)?);
            sessions += 1;
        }
        ids.push_unseparated(")");
        if sessions > 0 {
            sessions = delete.build().execute(self.db.writer()).await?.rows_affected();
        }
        let renewed = sqlx::query(
            "delete from renewed_sessions
             where id in (select id from renewed_sessions where renewed_at <= $1 order by renewed_at limit $2)",
        )
        .bind(renewed_before)
        .bind(batch.rows)
        .execute(self.db.writer())
        .await?;
        Ok(sessions + renewed.rows_affected())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        id::SessionId,
        row::Row,
        store::tests::{new_row, row, store},
        value::Data,
    };

    #[tokio::test]
    async fn deletes_at_most_one_batch_of_rows_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        for _ in 0..5 {
            store.insert(&SessionId::random().hash(), &row(10)).await.unwrap();
        }
        let batch = Batch { rows: 3, bytes: 1_000 };
        assert_eq!(store.delete_expired(20, 0, batch).await.unwrap(), 3);
        assert_eq!(store.delete_expired(20, 0, batch).await.unwrap(), 2);
        assert_eq!(store.delete_expired(20, 0, batch).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn deletes_at_most_one_batch_of_bytes_but_at_least_one_session() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let large = serde_json::value::to_raw_value(&"x".repeat(400)).unwrap();
        let large = Arc::new(Row { data: Data::from([("key".to_owned(), large)]), ..new_row(10) });
        for _ in 0..5 {
            store.insert(&SessionId::random().hash(), &large).await.unwrap();
        }
        assert_eq!(store.delete_expired(20, 0, Batch { rows: 100, bytes: 1_000 }).await.unwrap(), 2);
        assert_eq!(store.delete_expired(20, 0, Batch { rows: 100, bytes: 1 }).await.unwrap(), 1);
    }
}
