//! The database: readers, the writer, and transactions.

use std::{
    any::Any,
    fmt,
    ops::{Deref, DerefMut},
};

use tokio::sync::oneshot;

use crate::{Connection, Db, Pool, read_cache::ReadCache};

/// A pool of connections that read, and one that writes. Cheap to clone.
///
/// In SQLite, a single writing connection is faster and fairer than several, which would have to retry.
#[derive(Clone, Debug)]
pub struct Database {
    readers: Pool,
    writer: Pool,
    reads: ReadCache,
}

impl Database {
    /// Reads with `readers`, writes with `writer`. Close a writing connection in
    /// [`after_release`](sqlx::pool::PoolOptions::after_release) if it
    /// [is in a transaction](sqlx::Connection::is_in_transaction): its commit failed, and sqlx refuses others.
    #[must_use]
    pub fn new(readers: Pool, writer: Pool) -> Self {
        Self { readers, writer, reads: ReadCache::default() }
    }

    /// Caches results of [`read`](Self::read), up to `bytes`. If another process writes, they may be a second
    /// old.
    #[must_use]
    pub fn cache_capacity(self, bytes: u64) -> Self {
        Self { reads: ReadCache::new(bytes), ..self }
    }

    /// Runs `load`, which must only read, or returns the result that is cached under `key`. Results are cached
    /// for at most a second and until the next commit, and count as 4 KiB. Fails with the error of `load`.
    pub async fn read<T, E>(&self, key: &str, load: impl Future<Output = Result<T, E>>) -> Result<T, E>
    where
        T: Clone + Send + Sync + 'static,
    {
        self.reads.read(key, |_| 4 * 1024, load).await
    }

    /// Like [`read`](Self::read), for results of any size in bytes.
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

    /// For statements outside of a transaction, such as pragmas. They do not invalidate cached results.
    #[must_use]
    pub fn writer(&self) -> &Pool {
        &self.writer
    }

    /// Begins a transaction that may write. It must not wait for another one, because there may be a single
    /// writing connection. Fails when no connection or no lock becomes free in time.
    pub async fn begin(&self) -> Result<Transaction, sqlx::Error> {
        // Takes the write lock at once: after a read, it would fail if another process has written.
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

/// A transaction. Its commit invalidates the results of [`Database::read`]. It is rolled back when dropped.
pub struct Transaction {
    inner: sqlx::Transaction<'static, Db>,
    reads: ReadCache,
    changes: Vec<Box<dyn Any + Send>>,
    committed: Vec<oneshot::Sender<()>>,
}

impl Transaction {
    /// Commits the changes. If it fails, nothing has changed.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        let Self { inner, reads, changes, committed } = self;
        // The task completes even if the request is cancelled: the caches must be invalidated.
        let commit = tokio::spawn(async move {
            let running = reads.start_commit();
            inner.commit().await?;
            drop((running, changes));
            for waiting in committed {
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
