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

fn encode(data: &Map<String, Value>) -> String {
    Value::Object(data.clone()).to_string()
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
            .bind(encode(&row.data))
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
            "update sessions set data = $1, version = $2, used_at = $3, ends_at = $4, expires_at = $5, remembered = $6
             where id = $7 and version = $8 and expires_at > $9",
        )
        .bind(encode(&row.data))
        .bind(row.version)
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

    /// Notes that the session is in use. No change: the version stays.
    pub(crate) async fn touch(&self, id: &IdHash, row: &Row, now: i64) -> Result<(), SessionError> {
        sqlx::query("update sessions set used_at = $1, expires_at = $2 where id = $3 and used_at < $1 and expires_at > $4")
            .bind(row.used_at)
            .bind(row.expires_at)
            .bind(id.as_str())
            .bind(now)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Gives the session a new id: from the same moment the old one is dead, and the newest values are under the new one.
    /// `None` when the session is over: then there is no new id either.
    pub(crate) async fn renew(
        &self,
        old: &IdHash,
        new: &IdHash,
        now: i64,
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
        if row.is_some() {
            sqlx::query(
                "insert into renewed_sessions (id, renewed_at) values ($1, $2) on conflict (id) do nothing",
            )
            .bind(old.as_str())
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(row.as_ref().map(decode).transpose()?)
    }

    /// Whether the id was exchanged for a new one lately.
    pub(crate) async fn was_renewed(&self, id: &IdHash) -> Result<bool, SessionError> {
        let row = sqlx::query("select 1 from renewed_sessions where id = $1").bind(id.as_str());
        Ok(row.fetch_optional(&self.pool).await?.is_some())
    }

    /// Ends the session. One that is over already is no error.
    pub(crate) async fn delete(&self, id: &IdHash) -> Result<(), SessionError> {
        sqlx::query("delete from sessions where id = $1").bind(id.as_str()).execute(&self.pool).await?;
        Ok(())
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
