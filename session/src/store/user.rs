//! The SQL of the sessions of a user.

use sqlx::Row as _;

use super::{Query, Store, decode_owned};
use crate::{Db, SessionError, Transaction, id::IdHash, info::OwnedSession};

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

async fn select_ids<'e>(
    query: Query<'_>,
    db: impl sqlx::Executor<'e, Database = Db>,
) -> Result<Vec<IdHash>, sqlx::Error> {
    query.fetch_all(db).await?.iter().map(|row| row.try_get(0).map(IdHash::stored)).collect()
}

impl Store {
    /// Keeps only one session in memory at a time.
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

    /// Deletes and maps sessions of a user. Keeps only one of them in memory at a time.
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
}
