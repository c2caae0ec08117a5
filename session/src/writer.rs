//! Writes changed rows. One statement writes all waiting rows, because a commit costs more than a change.

use std::{collections::HashMap, sync::Arc};

use sqlx::{QueryBuilder, Row as _};
use tokio::sync::{mpsc, oneshot};

use crate::{
    Db, Pool, SessionError,
    cache::{Cache, Change},
    id::IdHash,
    row::{Row, encode},
};

/// Each number of rows is a prepared statement of its own, which each connection caches.
const MAX_ROWS: usize = 32;

/// A row that replaces its previous version.
struct Replacement {
    id: IdHash,
    row: Arc<Row>,
    data: String,
    now: i64,
    /// Runs until the row is in the database, even if the request was cancelled.
    change: Change<IdHash, Arc<Row>>,
    answer: oneshot::Sender<Result<bool, sqlx::Error>>,
}

/// The queue of rows to be replaced.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    queue: mpsc::UnboundedSender<Replacement>,
    cache: Cache<IdHash, Arc<Row>>,
}

impl Writer {
    /// Starts the task that writes. It ends with the last `Writer`.
    pub(crate) fn start(pool: Pool, cache: Cache<IdHash, Arc<Row>>) -> Self {
        // The number of requests bounds the queue: each has at most one entry.
        let (queue, waiting) = mpsc::unbounded_channel();
        tokio::spawn(write(pool, waiting));
        Self { queue, cache }
    }

    /// See [`Store::replace`](crate::store::Store::replace).
    pub(crate) async fn replace(&self, id: &IdHash, row: &Arc<Row>, now: i64) -> Result<bool, SessionError> {
        let (answer, answered) = oneshot::channel();
        let data = encode(&row.data)?;
        let change = self.cache.change(id);
        let replacement = Replacement { id: id.clone(), row: row.clone(), data, now, change, answer };
        // The task ends only when the runtime is shutting down.
        let shutting_down = || SessionError::Store(sqlx::Error::WorkerCrashed);
        self.queue.send(replacement).map_err(|_| shutting_down())?;
        Ok(answered.await.map_err(|_| shutting_down())??)
    }
}

async fn write(pool: Pool, mut waiting: mpsc::UnboundedReceiver<Replacement>) {
    let mut taken = Vec::with_capacity(MAX_ROWS);
    while waiting.recv_many(&mut taken, MAX_ROWS).await > 0 {
        let mut batch = HashMap::with_capacity(taken.len());
        for replacement in taken.drain(..) {
            // Only one of two changes of a session can be the next version. The other request has to retry.
            if let Some(overtaken) = batch.insert(replacement.id.clone(), replacement) {
                answer(overtaken, Ok(false));
            }
        }
        match replace_all(&pool, &batch).await {
            Ok(replaced) => {
                for id in replaced {
                    if let Some(replacement) = batch.remove(&IdHash::stored(id)) {
                        answer(replacement, Ok(true));
                    }
                }
                batch.into_values().for_each(|replacement| answer(replacement, Ok(false)));
            }
            // Retrying one by one would multiply the wait for a locked database.
            Err(error) => {
                let error = Arc::new(error);
                for replacement in batch.into_values() {
                    answer(replacement, Err(sqlx::Error::AnyDriverError(Box::new(error.clone()))));
                }
            }
        }
    }
}

/// Answers the waiting request, which may have been cancelled.
fn answer(replacement: Replacement, replaced: Result<bool, sqlx::Error>) {
    let Replacement { id, row, change, answer, .. } = replacement;
    match replaced {
        Ok(true) => change.finish(id, row),
        _ => drop(change),
    }
    let _ = answer.send(replaced);
}

/// Replaces the rows whose previous version is still the newest one, and returns their ids.
async fn replace_all(pool: &Pool, batch: &HashMap<IdHash, Replacement>) -> Result<Vec<String>, sqlx::Error> {
    // PostgreSQL and SQLite both name the columns of a `values` list column1, column2, …
    let mut update = QueryBuilder::<Db>::new(
        "update sessions set (data, version, began_at, used_at, ends_at, expires_at, remembered, owner, handle) =
         (column2, column3, column4, column5, column6, column7, column8, column9, column10) from (",
    );
    update.push_values(batch.values(), |mut values, Replacement { id, row, data, now, .. }| {
        values
            .push_bind(id.as_str())
            .push_bind(data.as_str())
            .push_bind(row.version)
            .push_bind(row.began_at)
            .push_bind(row.used_at)
            .push_bind(row.ends_at)
            .push_bind(row.expires_at)
            .push_bind(i64::from(row.remembered))
            .push_bind(row.owner.as_deref())
            .push_bind(row.handle.as_str())
            .push_bind(*now);
    });
    update.push(
        ") as next where id = column1 and version = column3 - 1 and expires_at > column11 returning id",
    );
    update.build().fetch_all(pool).await?.iter().map(|row| row.try_get(0)).collect()
}
