//! The database: connections that read, the one that writes, and transactions.

use std::{
    any::Any,
    fmt,
    ops::{Deref, DerefMut},
};

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
    /// Reads with `readers`, writes with `writer`.
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

    /// Begins a transaction. Who has one must not wait for another: there may be a single connection that writes.
    ///
    /// # Errors
    ///
    /// [`sqlx::Error`] when no connection comes free in time.
    pub async fn begin(&self) -> Result<Transaction, sqlx::Error> {
        Ok(Transaction { inner: self.writer.begin().await?, changes: Vec::new() })
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
}

impl Transaction {
    /// Makes the changes.
    ///
    /// # Errors
    ///
    /// [`sqlx::Error`] when the database fails; then nothing has changed.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        let Self { inner, changes } = self;
        // In a task of its own: a commit that nobody waits for any more goes on, and so must the changes.
        let committed = tokio::spawn(async move {
            let committed = inner.commit().await;
            drop(changes);
            committed
        });
        // Nothing in it panics: the runtime is shutting down.
        committed.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
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
