//! Results of reads, cached for at most a second and until the next commit.

use std::{
    any::Any,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use crate::cache::ExpiryJitter;

/// Results of reads by key. Within one process, a read that starts after a commit never returns an older
/// result. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct ReadCache {
    /// `None` disables the cache.
    entries: Option<moka::sync::Cache<(u64, Box<str>), Entry>>,
    commits: Arc<Commits>,
}

#[derive(Clone)]
struct Entry {
    value: Arc<dyn Any + Send + Sync>,
    size: u32,
}

/// Counts commits. The count is part of each key, so a commit invalidates everything.
#[derive(Debug, Default)]
struct Commits {
    done: AtomicU64,
    running: AtomicUsize,
}

impl Commits {
    /// Returns `None` while a commit is running, because only some reads see its changes.
    fn count(&self) -> Option<u64> {
        let done = self.done.load(Ordering::SeqCst);
        (self.running.load(Ordering::SeqCst) == 0).then_some(done)
    }
}

/// A commit that is running until this is dropped.
pub(crate) struct RunningCommit(Arc<Commits>);

impl Drop for RunningCommit {
    fn drop(&mut self) {
        self.0.done.fetch_add(1, Ordering::SeqCst);
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl ReadCache {
    /// A cache of at most `bytes`; 0 disables it.
    pub(crate) fn new(bytes: u64) -> Self {
        let entries = (bytes > 0).then(|| {
            moka::sync::Cache::builder()
                .max_capacity(bytes)
                .weigher(|_, entry: &Entry| entry.size)
                .expire_after(ExpiryJitter::default())
                .build()
        });
        Self { entries, commits: Arc::default() }
    }

    pub(crate) fn start_commit(&self) -> RunningCommit {
        self.commits.running.fetch_add(1, Ordering::SeqCst);
        RunningCommit(self.commits.clone())
    }

    /// Returns the cached result, or loads and caches it.
    pub(crate) async fn read<T, E>(
        &self,
        key: &str,
        size: impl FnOnce(&T) -> usize,
        load: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E>
    where
        T: Clone + Send + Sync + 'static,
    {
        /// The approximate size of an entry without its value and key, in bytes.
        const OVERHEAD: usize = 300;

        let (Some(entries), Some(count)) = (&self.entries, self.commits.count()) else { return load.await };
        let key = (count, Box::from(key));
        if let Some(value) = entries.get(&key).and_then(|entry| entry.value.downcast_ref::<T>().cloned()) {
            return Ok(value);
        }
        let value = load.await?;
        if self.commits.count() == Some(count) {
            let size = u32::try_from(size(&value) + key.1.len() + OVERHEAD).unwrap_or(u32::MAX);
            entries.insert(key, Entry { value: Arc::new(value.clone()), size });
        }
        Ok(value)
    }
}

impl fmt::Debug for ReadCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadCache").field("enabled", &self.entries.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    /// Reads through the cache while the database contains `stored`.
    async fn read(cache: &ReadCache, stored: u32) -> u32 {
        cache.read("key", |_| 4, async { Ok::<_, Infallible>(stored) }).await.unwrap()
    }

    #[tokio::test]
    async fn a_result_is_loaded_once_until_the_next_commit() {
        let cache = ReadCache::new(100_000);
        assert_eq!((read(&cache, 1).await, read(&cache, 2).await), (1, 1));
        drop(cache.start_commit());
        assert_eq!((read(&cache, 3).await, read(&cache, 4).await), (3, 3));
    }

    #[tokio::test]
    async fn during_a_commit_every_read_goes_to_the_database() {
        let cache = ReadCache::new(100_000);
        read(&cache, 1).await;
        let commit = cache.start_commit();
        assert_eq!((read(&cache, 2).await, read(&cache, 3).await), (2, 3));
        drop(commit);
        assert_eq!(read(&cache, 4).await, 4);
    }

    #[tokio::test]
    async fn does_not_cache_a_result_that_was_loaded_before_a_commit() {
        let cache = ReadCache::new(100_000);
        let late = cache.read("key", |_| 4, async {
            drop(cache.start_commit());
            Ok::<_, Infallible>(1)
        });
        assert_eq!(late.await.unwrap(), 1);
        assert_eq!(read(&cache, 2).await, 2);
    }

    #[tokio::test]
    async fn a_capacity_of_zero_disables_the_cache() {
        let cache = ReadCache::new(0);
        assert_eq!((read(&cache, 1).await, read(&cache, 2).await), (1, 2));
    }
}
