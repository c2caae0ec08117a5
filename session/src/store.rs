//! The rows: one for each session, found by the hash of its id. SQL only, in the subset that PostgreSQL takes too.

use serde_json::{Map, Value};
use sqlx::Row as _;

use crate::{Db, Pool, SessionError, id::IdHash};

/// Keeps the rows.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pool: Pool,
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
}

const COLUMNS: &str = "data, version, began_at, used_at, ends_at, expires_at, remembered";

fn decode(row: &<Db as sqlx::Database>::Row) -> Result<Row, sqlx::Error> {
    let data: &str = row.try_get("data")?;
    Ok(Row {
        // A row that somebody else has damaged is an empty session, not an endless error.
        data: serde_json::from_str(data).unwrap_or_else(|_| {
            tracing::warn!("dropped the values of a session that cannot be read");
            Map::new()
        }),
        version: row.try_get("version")?,
        began_at: row.try_get("began_at")?,
        used_at: row.try_get("used_at")?,
        ends_at: row.try_get("ends_at")?,
        expires_at: row.try_get("expires_at")?,
        remembered: row.try_get::<i64, _>("remembered")? != 0,
    })
}

fn encode(data: &Map<String, Value>) -> Result<String, SessionError> {
    serde_json::to_string(data).map_err(|source| SessionError::Encode { key: "session", source })
}

impl Store {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool }
    }

    /// Makes the tables where they are missing.
    pub(crate) async fn migrate(&self) -> Result<(), SessionError> {
        let statements = [
            "create table if not exists sessions (
                id text not null,
                data text not null,
                version bigint not null,
                began_at bigint not null,
                used_at bigint not null,
                ends_at bigint not null,
                expires_at bigint not null,
                remembered bigint not null,
                constraint sessions_pkey primary key (id)
            )",
            "create index if not exists sessions_expires_at on sessions (expires_at)",
            // Ids that were exchanged for new ones: who still comes with one is late, not forged.
            "create table if not exists renewed_sessions (
                id text not null,
                successor text not null,
                renewed_at bigint not null,
                constraint renewed_sessions_pkey primary key (id)
            )",
            "create index if not exists renewed_sessions_renewed_at on renewed_sessions (renewed_at)",
        ];
        for statement in statements {
            sqlx::query(statement).execute(&self.pool).await?;
        }
        Ok(())
    }

    /// The session, if it is not over.
    pub(crate) async fn find(&self, id: &IdHash, now: i64) -> Result<Option<Row>, SessionError> {
        let row = sqlx::query(&format!("select {COLUMNS} from sessions where id = $1 and expires_at > $2"))
            .bind(id.as_str())
            .bind(now)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.as_ref().map(decode).transpose()?)
    }

    /// A new session.
    pub(crate) async fn insert(&self, id: &IdHash, row: &Row) -> Result<(), SessionError> {
        sqlx::query(&format!("insert into sessions (id, {COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8)"))
            .bind(id.as_str())
            .bind(encode(&row.data)?)
            .bind(row.version)
            .bind(row.began_at)
            .bind(row.used_at)
            .bind(row.ends_at)
            .bind(row.expires_at)
            .bind(i64::from(row.remembered))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Puts `row` in place of its previous version. `false` when that version is not the newest any more, or the session is
    /// over: then nothing was changed.
    pub(crate) async fn replace(&self, id: &IdHash, row: &Row, now: i64) -> Result<bool, SessionError> {
        let result = sqlx::query(
            "update sessions
             set data = $1, version = $2, began_at = $3, used_at = $4, ends_at = $5, expires_at = $6, remembered = $7
             where id = $8 and version = $9 and expires_at > $10",
        )
        .bind(encode(&row.data)?)
        .bind(row.version)
        .bind(row.began_at)
        .bind(row.used_at)
        .bind(row.ends_at)
        .bind(row.expires_at)
        .bind(i64::from(row.remembered))
        .bind(id.as_str())
        .bind(row.version - 1)
        .bind(now)
        .execute(&self.pool)
        .await?;
        Ok(result.rows_affected() == 1)
    }

    /// Notes that the session is in use. No change: the version stays, and whoever changes the session meanwhile wins.
    pub(crate) async fn touch(&self, id: &IdHash, row: &Row) -> Result<(), SessionError> {
        sqlx::query("update sessions set used_at = $1, expires_at = $2 where id = $3 and version = $4 and used_at < $1")
            .bind(row.used_at)
            .bind(row.expires_at)
            .bind(id.as_str())
            .bind(row.version)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Gives the session a new id, and other clocks where `clocks` changes them: from the same moment the old id is dead, and
    /// the newest values are under the new one. `None` when the session is over: then there is no new id either.
    pub(crate) async fn renew(
        &self,
        old: &IdHash,
        new: &IdHash,
        now: i64,
        clocks: impl FnOnce(&mut Row) + Send,
    ) -> Result<Option<Row>, SessionError> {
        let mut transaction = self.pool.begin().await?;
        // The first statement writes, so that the transaction never has to turn from a reader into a writer, which SQLite
        // refuses when somebody else has written in between.
        let row = sqlx::query(&format!(
            "update sessions set id = $1, version = version + 1 where id = $2 and expires_at > $3 returning {COLUMNS}"
        ))
        .bind(new.as_str())
        .bind(old.as_str())
        .bind(now)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(mut row) = row.as_ref().map(decode).transpose()? else { return Ok(None) };
        clocks(&mut row);
        sqlx::query(
            "update sessions set began_at = $1, used_at = $2, ends_at = $3, expires_at = $4, remembered = $5 where id = $6",
        )
        .bind(row.began_at)
        .bind(row.used_at)
        .bind(row.ends_at)
        .bind(row.expires_at)
        .bind(i64::from(row.remembered))
        .bind(new.as_str())
        .execute(&mut *transaction)
        .await?;
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
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|row| row.try_get("successor").map(IdHash::stored)).transpose()?)
    }

    /// Ends the session. Returns whether there was one.
    pub(crate) async fn delete(&self, id: &IdHash) -> Result<bool, SessionError> {
        let result =
            sqlx::query("delete from sessions where id = $1").bind(id.as_str()).execute(&self.pool).await?;
        Ok(result.rows_affected() == 1)
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
        .execute(&self.pool)
        .await?;
        let renewed = sqlx::query(
            "delete from renewed_sessions
             where id in (select id from renewed_sessions where renewed_at <= $1 order by renewed_at limit $2)",
        )
        .bind(forget)
        .bind(limit)
        .execute(&self.pool)
        .await?;
        Ok(sessions.rows_affected() + renewed.rows_affected())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SessionId;

    async fn store(folder: &tempfile::TempDir) -> Store {
        let url = format!("sqlite://{}/test.db?mode=rwc", folder.path().display());
        let store = Store::new(Pool::connect(&url).await.unwrap());
        store.migrate().await.unwrap();
        store
    }

    fn row(expires_at: i64) -> Row {
        Row {
            data: Map::new(),
            version: 1,
            began_at: 0,
            used_at: 0,
            ends_at: expires_at,
            expires_at,
            remembered: false,
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
        let remembered = Row { version: 2, ends_at: 9_000, expires_at: 9_000, remembered: true, ..row(100) };
        assert!(store.replace(&id, &remembered, 1).await.unwrap());
        store.touch(&id, &Row { used_at: 60, expires_at: 90, ..row(100) }).await.unwrap();
        assert_eq!(store.find(&id, 1).await.unwrap(), Some(remembered));
    }
}
