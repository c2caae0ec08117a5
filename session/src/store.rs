//! The SQL of sessions: one row each, found by the hash of the id. `writer.rs` has the batched updates.

use std::sync::Arc;

use sqlx::{QueryBuilder, Row as _};

use crate::{
    Database, Db, SessionError, Transaction,
    cache::Cache,
    id::IdHash,
    info::OwnedSession,
    row::{Row, encode},
    value::{Data, memory_size},
    writer::Writer,
};

#[derive(Clone, Debug)]
pub(crate) struct Store {
    db: Database,
    cache: Cache<IdHash, Arc<Row>>,
    writer: Writer,
}

/// The columns of a [`Row`], in the order of [`decode`] and [`bind`].
macro_rules! columns {
    () => {
        "data, version, began_at, used_at, ends_at, expires_at, remembered, owner, handle"
    };
}

const INSERT: &str =
    concat!("insert into sessions (", columns!(), ", id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");

fn decode(row: &<Db as sqlx::Database>::Row) -> Result<Row, sqlx::Error> {
    let data: &str = row.try_get(0)?;
    Ok(Row {
        // A damaged row becomes an empty session, not a permanent error.
        data: serde_json::from_str(data).unwrap_or_else(|_| {
            tracing::warn!("dropped the values of a session that cannot be read");
            Data::new()
        }),
        version: row.try_get(1)?,
        began_at: row.try_get(2)?,
        used_at: row.try_get(3)?,
        ends_at: row.try_get(4)?,
        expires_at: row.try_get(5)?,
        remembered: row.try_get::<i64, _>(6)? != 0,
        owner: row.try_get(7)?,
        handle: row.try_get(8)?,
    })
}

type Query<'q> = sqlx::query::Query<'q, Db, <Db as sqlx::Database>::Arguments>;

/// Binds the columns of a [`Row`] to `$1` to `$9`.
fn bind<'q>(query: Query<'q>, row: &'q Row) -> Result<Query<'q>, SessionError> {
    Ok(query
        .bind(encode(&row.data)?)
        .bind(row.version)
        .bind(row.began_at)
        .bind(row.used_at)
        .bind(row.ends_at)
        .bind(row.expires_at)
        .bind(i64::from(row.remembered))
        .bind(row.owner.as_deref())
        .bind(row.handle.as_str()))
}

/// Selects sessions of a user.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Selection<'a> {
    All,
    One(&'a str),
    AllExcept(&'a str),
    /// The least recently used sessions, so that `max` remain, including the one with `handle`.
    Surplus {
        handle: &'a str,
        max: u32,
        now: i64,
    },
}

/// The columns of an [`OwnedSession`], in the order of [`decode_owned`].
macro_rules! owned_columns {
    () => {
        "owner, handle, began_at, used_at, data"
    };
}

fn decode_owned(row: &<Db as sqlx::Database>::Row) -> Result<OwnedSession, sqlx::Error> {
    Ok(OwnedSession {
        owner: row.try_get(0)?,
        handle: row.try_get(1)?,
        began_at: row.try_get(2)?,
        used_at: row.try_get(3)?,
        data: row.try_get(4)?,
    })
}

async fn select_ids<'e>(
    query: Query<'_>,
    db: impl sqlx::Executor<'e, Database = Db>,
) -> Result<Vec<IdHash>, sqlx::Error> {
    query.fetch_all(db).await?.iter().map(|row| row.try_get(0).map(IdHash::stored)).collect()
}

impl Store {
    pub(crate) fn new(db: Database, cached_bytes: u64) -> Self {
        let cache = Cache::new(cached_bytes, |_: &IdHash, row: &Arc<Row>| memory_size(&row.data));
        let writer = Writer::start(db.writer().clone(), cache.clone());
        Self { db, cache, writer }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.db
    }

    /// Returns the session unless it has expired.
    pub(crate) async fn find(&self, id: &IdHash, now: i64) -> Result<Option<Arc<Row>>, SessionError> {
        let found = self.cache.get(id, self.find_uncached(id, now)).await?;
        Ok(found.filter(|row| row.expires_at > now))
    }

    /// Like [`find`](Self::find), but reads the database, because another process may have written.
    pub(crate) async fn find_uncached(
        &self,
        id: &IdHash,
        now: i64,
    ) -> Result<Option<Arc<Row>>, SessionError> {
        Ok(Self::find_in(self.db.readers(), id, now).await?.map(Arc::new))
    }

    /// Like [`find`](Self::find), on any connection.
    pub(crate) async fn find_in<'e>(
        db: impl sqlx::Executor<'e, Database = Db>,
        id: &IdHash,
        now: i64,
    ) -> Result<Option<Row>, SessionError> {
        let row =
            sqlx::query(concat!("select ", columns!(), " from sessions where id = $1 and expires_at > $2"))
                .bind(id.as_str())
                .bind(now)
                .fetch_optional(db)
                .await?;
        Ok(row.as_ref().map(decode).transpose()?)
    }

    pub(crate) async fn insert(&self, id: &IdHash, row: &Arc<Row>) -> Result<(), SessionError> {
        let change = self.cache.change(id);
        bind(sqlx::query(INSERT), row)?.bind(id.as_str()).execute(self.db.writer()).await?;
        change.finish(id.clone(), row.clone());
        Ok(())
    }

    pub(crate) async fn insert_within(
        &self,
        transaction: &mut Transaction,
        id: &IdHash,
        row: &Row,
    ) -> Result<(), SessionError> {
        transaction.hold(self.cache.change(id));
        bind(sqlx::query(INSERT), row)?.bind(id.as_str()).execute(&mut **transaction).await?;
        Ok(())
    }

    /// Writes `row` over its previous version. Returns `false` and changes nothing if another version was
    /// written meanwhile or the session has ended.
    pub(crate) async fn replace(&self, id: &IdHash, row: &Arc<Row>, now: i64) -> Result<bool, SessionError> {
        self.writer.replace(id, row, now).await
    }

    /// Like [`replace`](Self::replace), inside a transaction.
    pub(crate) async fn replace_within(
        &self,
        transaction: &mut Transaction,
        id: &IdHash,
        row: &Row,
        now: i64,
    ) -> Result<bool, SessionError> {
        transaction.hold(self.cache.change(id));
        let update = concat!(
            "update sessions set (",
            columns!(),
            ") = ($1, $2, $3, $4, $5, $6, $7, $8, $9) where id = $10 and version = $11 and expires_at > $12"
        );
        let replaced = bind(sqlx::query(update), row)?
            .bind(id.as_str())
            .bind(row.version - 1)
            .bind(now)
            .execute(&mut **transaction)
            .await?;
        Ok(replaced.rows_affected() == 1)
    }

    /// Records that the session is in use. It keeps the version, so it does not conflict with changes.
    pub(crate) async fn touch(&self, id: &IdHash, row: &Row) -> Result<(), SessionError> {
        let _change = self.cache.change(id);
        sqlx::query("update sessions set used_at = $1, expires_at = $2 where id = $3 and version = $4 and used_at < $1")
            .bind(row.used_at)
            .bind(row.expires_at)
            .bind(id.as_str())
            .bind(row.version)
            .execute(self.db.writer())
            .await?;
        Ok(())
    }

    /// Replaces the id and applies `change` to the newest row. Returns `None` if the session has ended.
    pub(crate) async fn cycle_id(
        &self,
        transaction: &mut Transaction,
        old: &IdHash,
        new: &IdHash,
        now: i64,
        change: impl FnOnce(&mut Row) + Send,
    ) -> Result<Option<Row>, SessionError> {
        transaction.hold(self.cache.change(old));
        transaction.hold(self.cache.change(new));
        let exchange = concat!(
            "update sessions set id = $1, version = version + 1 where id = $2 and expires_at > $3 returning ",
            columns!()
        );
        let row = sqlx::query(exchange)
            .bind(new.as_str())
            .bind(old.as_str())
            .bind(now)
            .fetch_optional(&mut **transaction)
            .await?;
        let Some(mut row) = row.as_ref().map(decode).transpose()? else { return Ok(None) };
        change(&mut row);
        let update = concat!(
            "update sessions set (",
            columns!(),
            ") = ($1, $2, $3, $4, $5, $6, $7, $8, $9) where id = $10"
        );
        bind(sqlx::query(update), &row)?.bind(new.as_str()).execute(&mut **transaction).await?;
        sqlx::query("insert into renewed_sessions (id, successor, renewed_at) values ($1, $2, $3)")
            .bind(old.as_str())
            .bind(new.as_str())
            .bind(now)
            .execute(&mut **transaction)
            .await?;
        Ok(Some(row))
    }

    /// The id that replaced `id` at `since` or later.
    pub(crate) async fn successor(
        db: impl sqlx::Executor<'_, Database = Db>,
        id: &IdHash,
        since: i64,
    ) -> Result<Option<IdHash>, SessionError> {
        let row = sqlx::query("select successor from renewed_sessions where id = $1 and renewed_at >= $2")
            .bind(id.as_str())
            .bind(since)
            .fetch_optional(db)
            .await?;
        Ok(row.map(|row| row.try_get("successor").map(IdHash::stored)).transpose()?)
    }

    pub(crate) async fn delete(
        &self,
        transaction: &mut Transaction,
        id: &IdHash,
    ) -> Result<Option<OwnedSession>, SessionError> {
        transaction.hold(self.cache.change(id));
        let delete = concat!("delete from sessions where id = $1 returning ", owned_columns!());
        let row = sqlx::query(delete).bind(id.as_str()).fetch_optional(&mut **transaction).await?;
        Ok(row.as_ref().map(decode_owned).transpose()?)
    }

    /// Maps the active sessions of a user, most recently used first. Only one of them is in memory at a time.
    pub(crate) async fn list_owned<R>(
        &self,
        owner: &str,
        now: i64,
        mut map: impl FnMut(&OwnedSession) -> R + Send,
    ) -> Result<Vec<R>, SessionError> {
        let select =
            "select id from sessions where owner = $1 and expires_at > $2 order by used_at desc, handle";
        let ids = select_ids(sqlx::query(select).bind(owner).bind(now), self.db.readers()).await?;
        let mut mapped = Vec::with_capacity(ids.len());
        for id in ids {
            let select = concat!("select ", owned_columns!(), " from sessions where id = $1");
            let row = sqlx::query(select).bind(id.as_str()).fetch_optional(self.db.readers()).await?;
            // It may have ended after its id was selected.
            if let Some(session) = row.as_ref().map(decode_owned).transpose()? {
                mapped.push(map(&session));
            }
        }
        Ok(mapped)
    }

    /// Deletes sessions of a user and maps them. Only one of them is in memory at a time.
    pub(crate) async fn delete_owned<R>(
        &self,
        transaction: &mut Transaction,
        owner: &str,
        selection: Selection<'_>,
        mut map: impl FnMut(&OwnedSession) -> R + Send,
    ) -> Result<Vec<R>, SessionError> {
        let query = match selection {
            Selection::All => sqlx::query("select id from sessions where owner = $1").bind(owner),
            Selection::One(handle) => sqlx::query("select id from sessions where owner = $1 and handle = $2")
                .bind(owner)
                .bind(handle),
            Selection::AllExcept(handle) => {
                sqlx::query("select id from sessions where owner = $1 and (handle <> $2 or handle = '')")
                    .bind(owner)
                    .bind(handle)
            }
            Selection::Surplus { handle, max, now } => sqlx::query(
                "select id from sessions where owner = $1 and handle <> $2 and expires_at > $3
                 order by used_at desc, handle limit 1000 offset $4",
            )
            .bind(owner)
            .bind(handle)
            .bind(now)
            .bind(i64::from(max.saturating_sub(1))),
        };
        let ids = select_ids(query, &mut **transaction).await?;
        let mut mapped = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(session) = self.delete(transaction, &id).await? {
                mapped.push(map(&session));
            }
        }
        Ok(mapped)
    }

    pub(crate) async fn delete_all(&self) -> Result<u64, SessionError> {
        let mut transaction = self.db.begin().await?;
        transaction.hold(self.cache.change_all());
        let deleted = sqlx::query("delete from sessions").execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(deleted.rows_affected())
    }

    /// Deletes sessions that have expired, and renewals up to `renewed_before`. Returns the number of rows.
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

/// The maximum that one statement deletes, because it blocks the writer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch {
    pub(crate) rows: i64,
    /// Of values. A larger session is deleted alone.
    pub(crate) bytes: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Pool, id::SessionId, migrate::migrate};

    async fn store(folder: &tempfile::TempDir) -> Store {
        let url = format!("sqlite://{}/test.db?mode=rwc", folder.path().display());
        let db = Database::from(Pool::connect(&url).await.unwrap());
        migrate(&db).await.unwrap();
        Store::new(db, 0)
    }

    fn row(expires_at: i64) -> Arc<Row> {
        Arc::new(new_row(expires_at))
    }

    fn new_row(expires_at: i64) -> Row {
        Row {
            data: Data::new(),
            version: 1,
            began_at: 0,
            used_at: 0,
            ends_at: expires_at,
            expires_at,
            remembered: false,
            owner: None,
            handle: "handle".into(),
        }
    }

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

    #[tokio::test]
    async fn touching_a_session_does_not_undo_a_concurrent_change() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let id = SessionId::random().hash();
        store.insert(&id, &row(100)).await.unwrap();
        let remembered =
            Row { version: 2, ends_at: 9_000, expires_at: 9_000, remembered: true, ..new_row(100) };
        let remembered = Arc::new(remembered);
        assert!(store.replace(&id, &remembered, 1).await.unwrap());
        store.touch(&id, &Row { used_at: 60, expires_at: 90, ..new_row(100) }).await.unwrap();
        let found = store.find(&id, 1).await.unwrap().unwrap();
        assert_eq!((found.version, found.used_at, found.expires_at, found.remembered), (2, 0, 9_000, true));
    }
}
