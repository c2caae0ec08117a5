//! The database: connections that read, the one that writes, and transactions.

use std::{
    any::Any,
    fmt,
    ops::{Deref, DerefMut},
};

use tokio::sync::oneshot;

use crate::{Connection, Db, Pool, read_cache::ReadCache};

/// The database: connections that read, and connections that write. Cheap to clone.
///
/// SQLite lets one connection write at a time, and makes the others retry: a queue for a single one is faster and fair. One pool for
/// both is a `Database`, too.
#[derive(Clone, Debug)]
pub struct Database {
    readers: Pool,
    writer: Pool,
    reads: ReadCache,
}

impl Database {
    /// Reads with `readers`, writes with `writer`. sqlx keeps a SQLite connection whose commit has failed, and refuses every further
    /// transaction on it: close such a connection in the writer's
    /// [`after_release`](sqlx::pool::PoolOptions::after_release), where it [is in a transaction](sqlx::Connection::is_in_transaction).
    #[must_use]
    pub fn new(readers: Pool, writer: Pool) -> Self {
        Self { readers, writer, reads: ReadCache::default() }
    }

    /// Keeps results of [`read`](Self::read) in memory, of `bytes` together. Only for a database that no other process writes to, or
    /// where results may be a second old.
    #[must_use]
    pub fn cache_capacity(self, bytes: u64) -> Self {
        Self { reads: ReadCache::new(bytes), ..self }
    }

    /// Runs `load`, which must only read. May return what it returned for the same `key` within the last second, if no transaction has
    /// been committed since. Results count as 4 KiB.
    ///
    /// # Errors
    ///
    /// The error of `load`.
    pub async fn read<T, E>(&self, key: &str, load: impl Future<Output = Result<T, E>>) -> Result<T, E>
    where
        T: Clone + Send + Sync + 'static,
    {
        self.reads.read(key, |_| 4 * 1024, load).await
    }

    /// As [`read`](Self::read), for results of any size in bytes.
    ///
    /// # Errors
    ///
    /// The error of `load`.
    pub async fn read_sized<T, E>(
        &self,
        key: &str,
        size: impl FnOnce(&T) -> usize,
        load: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E>
    where
        T: Clone + Send + Sync + 'static,
    {
        self.reads.read(key, size, load).await
    }

    /// For statements that only read.
    #[must_use]
    pub fn readers(&self) -> &Pool {
        &self.readers
    }

    /// For statements outside of a transaction, such as pragmas. They do not invalidate results of [`read`](Self::read).
    #[must_use]
    pub fn writer(&self) -> &Pool {
        &self.writer
    }

    /// Begins a transaction that may write. It must not wait for another one: there may be a single connection that writes.
    ///
    /// It takes SQLite's write lock at once, because a transaction that begins by reading fails to write after another process has
    /// written.
    ///
    /// # Errors
    ///
    /// [`sqlx::Error`] when no connection or no lock becomes free in time.
    pub async fn begin(&self) -> Result<Transaction, sqlx::Error> {
        let inner = self.writer.begin_with("begin immediate").await?;
        Ok(Transaction { inner, reads: self.reads.clone(), changes: Vec::new(), committed: Vec::new() })
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl From<Pool> for Database {
    fn from(pool: Pool) -> Self {
        Self::new(pool.clone(), pool)
    }
}

/// A transaction. Its commit invalidates what [`Database::read`] has kept. Dropped without [`commit`](Self::commit), it is rolled back.
pub struct Transaction {
    inner: sqlx::Transaction<'static, Db>,
    reads: ReadCache,
    changes: Vec<Box<dyn Any + Send>>,
    committed: Vec<oneshot::Sender<()>>,
}

impl Transaction {
    /// Commits the changes.
    ///
    /// # Errors
    ///
    /// [`sqlx::Error`] when the database fails; then nothing has changed.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        let Self { inner, reads, changes, committed } = self;
        // In a task that runs to its end even if the request is cancelled: the caches must be invalidated.
        let commit = tokio::spawn(async move {
            let running = reads.start_commit();
            inner.commit().await?;
            drop((running, changes));
            for waiting in committed {
                // The request that waited for it was cancelled.
                let _ = waiting.send(());
            }
            Ok(())
        });
        // Nothing in the task panics, so the runtime is shutting down.
        commit.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }

    /// Receives a message once the transaction is committed, and closes without one when it is rolled back.
    pub(crate) fn committed(&mut self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.committed.push(sender);
        receiver
    }

    /// Keeps `change` until the transaction has ended.
    pub(crate) fn hold(&mut self, change: impl Send + 'static) {
        self.changes.push(Box::new(change));
    }
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.inner
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.inner
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").finish_non_exhaustive()
    }
}
