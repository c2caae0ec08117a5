//! The SQL of sessions: one row each, found by the hash of the id. `writer.rs` has the batched updates.

// The modules below use these macros, so they come first.

/// The columns of a [`Row`], in the order of [`decode`] and [`bind`].
macro_rules! columns {
    () => {
        "data, version, began_at, used_at, ends_at, expires_at, remembered, owner, handle"
    };
}

/// The columns of an [`OwnedSession`], in the order of [`decode_owned`].
macro_rules! owned_columns {
    () => {
        "owner, handle, began_at, used_at, data"
    };
}

mod expired;
mod user;

use std::sync::Arc;

use sqlx::Row as _;

use crate::{
    Database, Db, SessionError, Transaction,
    cache::Cache,
    id::IdHash,
    info::OwnedSession,
    row::{Row, encode},
    value::{Data, memory_size},
    writer::Writer,
};

pub(crate) use expired::Batch;
pub(crate) use user::Selection;

#[derive(Clone, Debug)]
pub(crate) struct Store {
    db: Database,
    cache: Cache<IdHash, Arc<Row>>,
    writer: Writer,
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

fn decode_owned(row: &<Db as sqlx::Database>::Row) -> Result<OwnedSession, sqlx::Error> {
    Ok(OwnedSession {
        owner: row.try_get(0)?,
        handle: row.try_get(1)?,
        began_at: row.try_get(2)?,
        used_at: row.try_get(3)?,
        data: row.try_get(4)?,
    })
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

    /// Like [`find`](Self::find), without the cache.
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

    /// Writes `row` over its previous version. Returns `false` if that version is not the newest or the session
    /// has ended.
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

    /// Records a use of the session. It keeps the version, so it does not conflict with changes.
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

    pub(crate) async fn delete_all(&self) -> Result<u64, SessionError> {
        let mut transaction = self.db.begin().await?;
        transaction.hold(self.cache.change_all());
        let deleted = sqlx::query("delete from sessions").execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(deleted.rows_affected())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Pool, id::SessionId, migrate::migrate};

    pub(super) async fn store(folder: &tempfile::TempDir) -> Store {
        let url = format!("sqlite://{}/test.db?mode=rwc", folder.path().display());
        let db = Database::from(Pool::connect(&url).await.unwrap());
        migrate(&db).await.unwrap();
        Store::new(db, 0)
    }

    pub(super) fn row(expires_at: i64) -> Arc<Row> {
        Arc::new(new_row(expires_at))
    }

    pub(super) fn new_row(expires_at: i64) -> Row {
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
