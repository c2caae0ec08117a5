//! Replaces rows, as many in one statement as are waiting: a trip to SQLite and its commit cost more than the change itself.

use std::{collections::HashMap, sync::Arc};

use sqlx::{QueryBuilder, Row as _};
use tokio::sync::{mpsc, oneshot};

use crate::{
    Cache, Db, Pool, SessionError,
    cache::Change,
    id::IdHash,
    row::{Row, encode},
};

/// How many rows go into one statement at most. Each number of rows is a statement of its own, which a connection remembers.
const MOST: usize = 32;

/// A row that is to be put in place of its previous version.
struct Replacement {
    id: IdHash,
    row: Arc<Row>,
    data: String,
    now: i64,
    /// Goes on until the row is in the database, even when nobody waits for it any more.
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
        // Whoever waits for an answer has a request under way. One that is cut off leaves its change in the queue: it is written all the same.
        let (queue, waiting) = mpsc::unbounded_channel();
        tokio::spawn(write(pool, waiting));
        Self { queue, cache }
    }

    /// Puts `row` in place of its previous version. `false` when that version is not the newest any more, or the session is over:
    /// then nothing was changed.
    pub(crate) async fn replace(&self, id: &IdHash, row: &Arc<Row>, now: i64) -> Result<bool, SessionError> {
        let (answer, answered) = oneshot::channel();
        let data = encode(&row.data)?;
        let change = self.cache.change(id);
        let replacement = Replacement { id: id.clone(), row: row.clone(), data, now, change, answer };
        // Without its task nothing can be written: the runtime is shutting down.
        let gone = || SessionError::Store(sqlx::Error::WorkerCrashed);
        self.queue.send(replacement).map_err(|_| gone())?;
        Ok(answered.await.map_err(|_| gone())??)
    }
}

async fn write(pool: Pool, mut waiting: mpsc::UnboundedReceiver<Replacement>) {
    let mut taken = Vec::with_capacity(MOST);
    while waiting.recv_many(&mut taken, MOST).await > 0 {
        let mut batch = HashMap::with_capacity(taken.len());
        for replacement in taken.drain(..) {
            // Of two versions of one session only one can be the next; the other has to be made again from it.
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
            // All of them fail. To try each by itself would let everybody wait as many times as long for a database that is locked.
            Err(error) => {
                let error = Arc::new(error);
                for replacement in batch.into_values() {
                    answer(replacement, Err(sqlx::Error::AnyDriverError(Box::new(error.clone()))));
                }
            }
        }
    }
}

/// Tells who waits for it. Nobody may: then the request was cut off.
fn answer(replacement: Replacement, replaced: Result<bool, sqlx::Error>) {
    let Replacement { id, row, change, answer, .. } = replacement;
    match replaced {
        Ok(true) => change.made(id, row),
        _ => drop(change),
    }
    let _ = answer.send(replaced);
}

/// Replaces those rows whose previous version is the newest one, and returns their ids.
async fn replace_all(pool: &Pool, batch: &HashMap<IdHash, Replacement>) -> Result<Vec<String>, sqlx::Error> {
    // PostgreSQL and SQLite both call the columns of a list of values by their places.
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
