//! Rows in memory: exact within one process, and at most a second old when another process writes.

use std::{
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use moka::Expiry;

/// A change by another process is visible after this time at most.
const MAX_AGE: Duration = Duration::from_secs(1);

/// While a key changes, the other keys of its slot are not cached either.
const SLOTS: usize = 64;

/// Values by key. Cheap to clone.
///
/// Each change is announced by [`change`](Self::change) before it is written. Until it is finished, the value
/// is not cached, so a read after a change never returns an older value.
pub(crate) struct Cache<K, V> {
    /// `None` disables the cache.
    inner: Option<Arc<Inner<K, V>>>,
}

struct Inner<K, V> {
    values: moka::sync::Cache<K, V>,
    slots: [Mutex<Slot>; SLOTS],
    hasher: RandomState,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    running: usize,
    finished: u64,
}

impl Slot {
    /// The number of finished changes, unless one is running.
    fn quiet(self) -> Option<u64> {
        (self.running == 0).then_some(self.finished)
    }
}

impl<K, V> Inner<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn slot(&self, index: usize) -> MutexGuard<'_, Slot> {
        // A panic cannot leave two numbers inconsistent.
        self.slots[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[expect(clippy::cast_possible_truncation, reason = "only the remainder counts")]
    fn slot_of(&self, key: &K) -> usize {
        self.hasher.hash_one(key) as usize % SLOTS
    }
}

/// Expires values after a random time from half of [`MAX_AGE`] up, so that values that were loaded together
/// are not reloaded together.
#[derive(Default)]
pub(crate) struct ExpiryJitter(RandomState);

impl<K: Hash, V> Expiry<K, V> for ExpiryJitter {
    fn expire_after_create(&self, key: &K, _: &V, _: Instant) -> Option<Duration> {
        let share = self.0.hash_one(key) % 512;
        Some(MAX_AGE / 1024 * (512 + u32::try_from(share).unwrap_or_default()))
    }

    fn expire_after_update(&self, key: &K, value: &V, now: Instant, _: Option<Duration>) -> Option<Duration> {
        self.expire_after_create(key, value, now)
    }
}

impl<K, V> Cache<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// A cache of at most `bytes`, as `weigh` measures values; 0 disables it.
    #[must_use]
    pub(crate) fn new(bytes: u64, weigh: fn(&K, &V) -> usize) -> Self {
        /// The approximate size of an entry without its value and key, in bytes.
        const OVERHEAD: usize = 300;

        let inner = (bytes > 0).then(|| {
            let weigh =
                move |key: &K, value: &V| u32::try_from(weigh(key, value) + OVERHEAD).unwrap_or(u32::MAX);
            let values = moka::sync::Cache::builder()
                .max_capacity(bytes)
                .weigher(weigh)
                .expire_after(ExpiryJitter::default());
            let slots = std::array::from_fn(|_| Mutex::default());
            Arc::new(Inner { values: values.build(), slots, hasher: RandomState::new() })
        });
        Self { inner }
    }

    /// Returns the cached value, or loads and caches it.
    pub(crate) async fn get<E>(
        &self,
        key: &K,
        load: impl Future<Output = Result<Option<V>, E>>,
    ) -> Result<Option<V>, E> {
        let Some(inner) = &self.inner else { return load.await };
        if let Some(value) = inner.values.get(key) {
            return Ok(Some(value));
        }
        let index = inner.slot_of(key);
        let before = inner.slot(index).quiet();
        let loaded = load.await?;
        if let Some(value) = &loaded {
            let now = inner.slot(index);
            if before.is_some() && before == now.quiet() {
                inner.values.insert(key.clone(), value.clone());
            }
        }
        Ok(loaded)
    }

    /// Announces a change of the value under `key`. Drop the returned guard after the change.
    pub(crate) fn change(&self, key: &K) -> Change<K, V> {
        let Some(inner) = &self.inner else { return Change { running: None } };
        let index = inner.slot_of(key);
        let mut now = inner.slot(index);
        let before = now.quiet();
        now.running += 1;
        inner.values.invalidate(key);
        drop(now);
        Change { running: Some((inner.clone(), index..index + 1, before)) }
    }

    /// Announces a change of any values. Drop the returned guard after the change.
    pub(crate) fn change_all(&self) -> Change<K, V> {
        let Some(inner) = &self.inner else { return Change { running: None } };
        for index in 0..SLOTS {
            inner.slot(index).running += 1;
        }
        inner.values.invalidate_all();
        Change { running: Some((inner.clone(), 0..SLOTS, None)) }
    }
}

impl<K, V> Clone for Cache<K, V> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<K, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("enabled", &self.inner.is_some()).finish_non_exhaustive()
    }
}

/// A change that is running until this is dropped.
#[must_use = "the change is over when this is dropped"]
pub(crate) struct Change<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    running: Option<Running<K, V>>,
}

/// The slots, and the number of finished changes of the first one, if none was running.
type Running<K, V> = (Arc<Inner<K, V>>, Range<usize>, Option<u64>);

impl<K, V> Change<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Ends the change and stores the new value, unless another change was running meanwhile.
    pub(crate) fn finish(mut self, key: K, value: V) {
        let Some((inner, slots, before)) = self.running.take() else { return };
        let mut slot = inner.slot(slots.start);
        slot.running -= 1;
        if before.is_some() && before == slot.quiet() {
            inner.values.insert(key, value);
        }
        slot.finished += 1;
    }
}

impl<K, V> Drop for Change<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn drop(&mut self) {
        if let Some((inner, slots, _)) = self.running.take() {
            for index in slots {
                let mut slot = inner.slot(index);
                slot.running -= 1;
                slot.finished += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn cache() -> Cache<&'static str, u32> {
        Cache::new(100_000, |_, _| 4)
    }

    /// Reads through the cache while the database contains `stored`.
    async fn read(cache: &Cache<&'static str, u32>, stored: u32) -> u32 {
        let found = cache.get(&"key", async { Ok::<_, Infallible>(Some(stored)) }).await;
        found.unwrap().unwrap()
    }

    #[tokio::test]
    async fn a_value_is_loaded_once() {
        let cache = cache();
        assert_eq!((read(&cache, 1).await, read(&cache, 2).await), (1, 1));
    }

    #[tokio::test]
    async fn a_capacity_of_zero_disables_the_cache() {
        let cache = Cache::new(0, |_, _| 4);
        assert_eq!((read(&cache, 1).await, read(&cache, 2).await), (1, 2));
    }

    #[tokio::test]
    async fn during_a_change_every_read_goes_to_the_database() {
        let cache = cache();
        read(&cache, 1).await;
        let change = cache.change(&"key");
        assert_eq!((read(&cache, 2).await, read(&cache, 3).await), (2, 3));
        drop(change);
        assert_eq!(read(&cache, 4).await, 4);
    }

    #[tokio::test]
    async fn does_not_cache_a_value_that_was_loaded_before_a_change() {
        let cache = cache();
        let late = cache.get(&"key", async {
            drop(cache.change(&"key"));
            Ok::<_, Infallible>(Some(1))
        });
        assert_eq!(late.await.unwrap(), Some(1));
        assert_eq!(read(&cache, 2).await, 2);
    }

    #[tokio::test]
    async fn a_change_of_all_values_affects_each_key() {
        let cache = cache();
        read(&cache, 1).await;
        let change = cache.change_all();
        assert_eq!((read(&cache, 2).await, read(&cache, 3).await), (2, 3));
        drop(change);
        assert_eq!(read(&cache, 4).await, 4);
    }

    #[tokio::test]
    async fn a_finished_change_stores_its_value_unless_another_change_was_running() {
        let cache = cache();
        cache.change(&"key").finish("key", 1);
        assert_eq!(read(&cache, 9).await, 1);
        let (first, second) = (cache.change(&"key"), cache.change(&"key"));
        first.finish("key", 2);
        assert_eq!(read(&cache, 3).await, 3);
        second.finish("key", 4);
        assert_eq!(read(&cache, 5).await, 5);
    }
}
