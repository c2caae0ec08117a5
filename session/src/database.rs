//! The database: connections that read, the one that writes, and transactions.

use std::{
    any::Any,
    fmt,
    ops::{Deref, DerefMut},
};

use tokio::sync::oneshot;

use crate::{Connection, Db, Pool};

/// The database: connections that read, and those that write. Cheap to clone.
///
/// SQLite lets one connection write at a time, and makes the others try again after a while: a queue for a single one is faster and
/// fair. A pool for both is a `Database` too.
#[derive(Clone, Debug)]
pub struct Database {
    readers: Pool,
    writer: Pool,
}

impl Database {
    /// Reads with `readers`, writes with `writer`. sqlx keeps a SQLite connection whose commit has failed, and refuses every further
    /// transaction on it: close such a connection in the writer's
    /// [`after_release`](sqlx::pool::PoolOptions::after_release), where it [is in a transaction](sqlx::Connection::is_in_transaction).
    #[must_use]
    pub fn new(readers: Pool, writer: Pool) -> Self {
        Self { readers, writer }
    }

    /// For statements that change nothing.
    #[must_use]
    pub fn readers(&self) -> &Pool {
        &self.readers
    }

    /// For statements that change something, each by itself.
    #[must_use]
    pub fn writer(&self) -> &Pool {
        &self.writer
    }

    /// Begins a transaction that may write. It must not wait for another one: there may be a single connection that writes.
    ///
    /// It takes SQLite's write lock at once: one that begins by reading could not write any more after another process has.
    ///
    /// # Errors
    ///
    /// [`sqlx::Error`] when no connection or no lock comes free in time.
    pub async fn begin(&self) -> Result<Transaction, sqlx::Error> {
        let inner = self.writer.begin_with("begin immediate").await?;
        Ok(Transaction { inner, changes: Vec::new(), committed: Vec::new() })
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl From<Pool> for Database {
    fn from(pool: Pool) -> Self {
        Self { readers: pool.clone(), writer: pool }
    }
}

/// A transaction that keeps [`Cache`](crate::Cache)s exact: what changes in it is found in none of them until it has ended.
/// Dropped without [`commit`](Self::commit) it changes nothing.
pub struct Transaction {
    inner: sqlx::Transaction<'static, Db>,
    changes: Vec<Box<dyn Any + Send>>,
    committed: Vec<oneshot::Sender<()>>,
}

impl Transaction {
    /// Makes the changes.
    ///
    /// # Errors
    ///
    /// [`sqlx::Error`] when the database fails; then nothing has changed.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        let Self { inner, changes, committed } = self;
        // In a task of its own: a commit that nobody waits for any more goes on, and so must the changes.
        let commit = tokio::spawn(async move {
            inner.commit().await?;
            drop(changes);
            for waiting in committed {
                // The request that waited for it was cut off.
                let _ = waiting.send(());
            }
            Ok(())
        });
        // Nothing in it panics: the runtime is shutting down.
        commit.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }

    /// Receives a message once the transaction is committed, and closes without one when it is rolled back.
    pub(crate) fn committed(&mut self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.committed.push(sender);
        receiver
    }

    /// Keeps `change` going until the transaction has ended.
    pub fn hold(&mut self, change: impl Send + 'static) {
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
