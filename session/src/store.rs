//! The rows: one for each session, found by the hash of its id. SQL only, in the subset that PostgreSQL takes too. How the tables
//! came to be is in `migrate.rs`; how most changes are written, in `writer.rs`.

use std::sync::Arc;

use serde_json::{Map, Value};
use sqlx::Row as _;

use crate::{Cache, Database, Db, SessionError, Transaction, id::IdHash, value::memory, writer::Writer};

/// Keeps the rows.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    db: Database,
    cache: Cache<IdHash, Arc<Row>>,
    writer: Writer,
}

/// One session as it lies in the database. Times are in seconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// The values by key.
    pub(crate) data: Map<String, Value>,
    /// Goes up at every change; a change goes through only from the version that it was made from.
    pub(crate) version: i64,
    /// When the session began.
    pub(crate) began_at: i64,
    /// When it was last seen in use, to the minute.
    pub(crate) used_at: i64,
    /// When it ends at the latest.
    pub(crate) ends_at: i64,
    /// When it is over unless it is used.
    pub(crate) expires_at: i64,
    /// Whether the visitor chose to be remembered.
    pub(crate) remembered: bool,
    /// Whose it is, once somebody has signed in.
    pub(crate) owner: Option<String>,
    /// What its owner calls it by, over all its ids.
    pub(crate) handle: String,
}

/// The columns of a [`Row`], in the order in which [`decode`] reads them.
macro_rules! columns {
    () => {
        "data, version, began_at, used_at, ends_at, expires_at, remembered, owner, handle"
    };
}

fn decode(row: &<Db as sqlx::Database>::Row) -> Result<Row, sqlx::Error> {
    let data: &str = row.try_get(0)?;
    Ok(Row {
        // A row that somebody else has damaged is an empty session, not an endless error.
        data: serde_json::from_str(data).unwrap_or_else(|_| {
            tracing::warn!("dropped the values of a session that cannot be read");
            Map::new()
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

type Query<'q> = sqlx::query::Query<'q, Db, <Db as sqlx::Database>::Arguments<'q>>;

/// Binds the columns of a [`Row`] as `$1` to `$9`.
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

pub(crate) fn encode(data: &Map<String, Value>) -> Result<String, SessionError> {
    serde_json::to_string(data).map_err(|source| SessionError::Encode { key: "session", source })
}

/// Which of an owner's sessions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which<'a> {
    All,
    One(&'a str),
    AllBut(&'a str),
}

impl Store {
    /// Keeps rows of at most so many bytes in memory.
    pub(crate) fn new(db: Database, cached_bytes: u64) -> Self {
        let cache = Cache::new(cached_bytes, |_: &IdHash, row: &Arc<Row>| memory(&row.data));
        let writer = Writer::start(db.writer().clone(), cache.clone());
        Self { db, cache, writer }
    }

    /// The database.
    pub(crate) fn database(&self) -> &Database {
        &self.db
    }

    /// The session, if it is not over.
    pub(crate) async fn find(&self, id: &IdHash, now: i64) -> Result<Option<Arc<Row>>, SessionError> {
        let found = self.cache.get(id, self.find_newest(id, now)).await?;
        Ok(found.filter(|row| row.expires_at > now))
    }

    /// The same as the database has it now, whatever is in memory: another process may have written.
    pub(crate) async fn find_newest(&self, id: &IdHash, now: i64) -> Result<Option<Arc<Row>>, SessionError> {
        Ok(Self::find_by(self.db.readers(), id, now).await?.map(Arc::new))
    }

    /// The same on a connection of the caller's.
    pub(crate) async fn find_by<'e>(
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

    /// A new session.
    pub(crate) async fn insert(&self, id: &IdHash, row: &Arc<Row>) -> Result<(), SessionError> {
        let change = self.cache.change(id);
        let insert = concat!(
            "insert into sessions (",
            columns!(),
            ", id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        );
        bind(sqlx::query(insert), row)?.bind(id.as_str()).execute(self.db.writer()).await?;
        change.made(id.clone(), row.clone());
        Ok(())
    }

    /// Puts `row` in place of its previous version. `false` when that version is not the newest any more, or the session is
    /// over: then nothing was changed.
    pub(crate) async fn replace(&self, id: &IdHash, row: &Arc<Row>, now: i64) -> Result<bool, SessionError> {
        self.writer.replace(id, row, now).await
    }

    /// The same in a transaction.
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

    /// Notes that the session is in use. No change: the version stays, and whoever changes the session meanwhile wins.
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

    /// Gives the session a new id, and `change`s what goes with it: from the same moment the old id is dead, and the newest
    /// values are under the new one. `None` when the session is over: then there is no new id either.
    pub(crate) async fn renew(
        &self,
        old: &IdHash,
        new: &IdHash,
        now: i64,
        change: impl FnOnce(&mut Row) + Send,
    ) -> Result<Option<Row>, SessionError> {
        let mut transaction = self.db.begin().await?;
        transaction.hold(self.cache.change(old));
        // The first statement writes, so that the transaction never has to turn from a reader into a writer, which SQLite
        // refuses when somebody else has written in between.
        let exchange = concat!(
            "update sessions set id = $1, version = version + 1 where id = $2 and expires_at > $3 returning ",
            columns!()
        );
        let row = sqlx::query(exchange)
            .bind(new.as_str())
            .bind(old.as_str())
            .bind(now)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(mut row) = row.as_ref().map(decode).transpose()? else { return Ok(None) };
        change(&mut row);
        let update = concat!(
            "update sessions set (",
            columns!(),
            ") = ($1, $2, $3, $4, $5, $6, $7, $8, $9) where id = $10"
        );
        bind(sqlx::query(update), &row)?.bind(new.as_str()).execute(&mut *transaction).await?;
        sqlx::query("insert into renewed_sessions (id, successor, renewed_at) values ($1, $2, $3)")
            .bind(old.as_str())
            .bind(new.as_str())
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Some(row))
    }

    /// What the id was exchanged for after `since`, if it was.
    pub(crate) async fn successor(&self, id: &IdHash, since: i64) -> Result<Option<IdHash>, SessionError> {
        let row = sqlx::query("select successor from renewed_sessions where id = $1 and renewed_at > $2")
            .bind(id.as_str())
            .bind(since)
            .fetch_optional(self.db.readers())
            .await?;
        Ok(row.map(|row| row.try_get("successor").map(IdHash::stored)).transpose()?)
    }

    /// Ends the session. Returns whether there was one.
    pub(crate) async fn delete(&self, id: &IdHash) -> Result<bool, SessionError> {
        let mut transaction = self.db.begin().await?;
        transaction.hold(self.cache.change(id));
        let delete = sqlx::query("delete from sessions where id = $1").bind(id.as_str());
        let deleted = delete.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(deleted.rows_affected() == 1)
    }

    /// An owner's sessions that are not over, the one used last first.
    pub(crate) async fn list_owned(&self, owner: &str, now: i64) -> Result<Vec<Row>, SessionError> {
        let select = concat!(
            "select ",
            columns!(),
            " from sessions where owner = $1 and expires_at > $2 order by used_at desc, handle"
        );
        let rows = sqlx::query(select).bind(owner).bind(now).fetch_all(self.db.readers()).await?;
        Ok(rows.iter().map(decode).collect::<Result<_, _>>()?)
    }

    /// Ends sessions of an owner, in one statement, and returns what was in them.
    pub(crate) async fn delete_owned(
        &self,
        transaction: &mut Transaction,
        owner: &str,
        which: Which<'_>,
    ) -> Result<Vec<Row>, SessionError> {
        let (statement, handle) = match which {
            Which::All => {
                (concat!("delete from sessions where owner = $1 returning ", columns!(), ", id"), None)
            }
            Which::One(handle) => (
                concat!(
                    "delete from sessions where owner = $1 and handle = $2 returning ",
                    columns!(),
                    ", id"
                ),
                Some(handle),
            ),
            Which::AllBut(handle) => (
                concat!(
                    "delete from sessions where owner = $1 and (handle <> $2 or handle = '') returning ",
                    columns!(),
                    ", id"
                ),
                Some(handle),
            ),
        };
        let mut query = sqlx::query(statement).bind(owner);
        if let Some(handle) = handle {
            query = query.bind(handle);
        }
        let deleted = query.fetch_all(&mut **transaction).await?;
        self.deleted(transaction, &deleted)
    }

    /// Ends those of an owner's sessions that were used least lately, so that at most `most` live with the one that is called
    /// `handle`; returns them as they were.
    pub(crate) async fn delete_surplus(
        &self,
        owner: &str,
        handle: &str,
        most: u32,
        now: i64,
    ) -> Result<Vec<Row>, SessionError> {
        let delete = concat!(
            "delete from sessions where id in
             (select id from sessions where owner = $1 and handle <> $2 and expires_at > $3
              order by used_at desc limit 1000 offset $4) returning ",
            columns!(),
            ", id"
        );
        let mut transaction = self.db.begin().await?;
        let deleted = sqlx::query(delete)
            .bind(owner)
            .bind(handle)
            .bind(now)
            .bind(i64::from(most.saturating_sub(1)))
            .fetch_all(&mut *transaction)
            .await?;
        let deleted = self.deleted(&mut transaction, &deleted)?;
        transaction.commit().await?;
        Ok(deleted)
    }

    /// What was in rows that a statement has deleted and returned, with their ids as the last column.
    fn deleted(
        &self,
        transaction: &mut Transaction,
        rows: &[<Db as sqlx::Database>::Row],
    ) -> Result<Vec<Row>, SessionError> {
        rows.iter()
            .map(|row| {
                transaction.hold(self.cache.change(&IdHash::stored(row.try_get("id")?)));
                Ok(decode(row)?)
            })
            .collect()
    }

    /// Ends every session there is. Returns how many there were.
    pub(crate) async fn delete_all(&self) -> Result<u64, SessionError> {
        let mut transaction = self.db.begin().await?;
        transaction.hold(self.cache.change_all());
        let deleted = sqlx::query("delete from sessions").execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(deleted.rows_affected())
    }

    /// Deletes at most `limit` sessions that are over at `now`, and exchanged ids from before `forget`. Returns how many rows
    /// went.
    pub(crate) async fn delete_expired(
        &self,
        now: i64,
        forget: i64,
        limit: i64,
    ) -> Result<u64, SessionError> {
        let sessions = sqlx::query(
            "delete from sessions where id in (select id from sessions where expires_at <= $1 order by expires_at limit $2)",
        )
        .bind(now)
        .bind(limit)
        .execute(self.db.writer())
        .await?;
        let renewed = sqlx::query(
            "delete from renewed_sessions
             where id in (select id from renewed_sessions where renewed_at <= $1 order by renewed_at limit $2)",
        )
        .bind(forget)
        .bind(limit)
        .execute(self.db.writer())
        .await?;
        Ok(sessions.rows_affected() + renewed.rows_affected())
    }
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
        Arc::new(plain(expires_at))
    }

    fn plain(expires_at: i64) -> Row {
        Row {
            data: Map::new(),
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
    async fn a_sweep_deletes_no_more_than_a_batch_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        for _ in 0..5 {
            store.insert(&SessionId::random().hash(), &row(10)).await.unwrap();
        }
        assert_eq!(store.delete_expired(20, 0, 3).await.unwrap(), 3);
        assert_eq!(store.delete_expired(20, 0, 3).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn noting_the_use_undoes_no_change_that_came_between() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let id = SessionId::random().hash();
        store.insert(&id, &row(100)).await.unwrap();
        let remembered =
            Row { version: 2, ends_at: 9_000, expires_at: 9_000, remembered: true, ..plain(100) };
        let remembered = Arc::new(remembered);
        assert!(store.replace(&id, &remembered, 1).await.unwrap());
        store.touch(&id, &Row { used_at: 60, expires_at: 90, ..plain(100) }).await.unwrap();
        assert_eq!(store.find(&id, 1).await.unwrap(), Some(remembered));
    }
}
