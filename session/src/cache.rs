//! What was read lately, kept in memory: exact within one process, and at most a second old where another one writes.

use std::{
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use moka::Expiry;

/// For so long a value is kept at most: as late as that a change is seen that another process has made.
const KEPT: Duration = Duration::from_secs(1);

/// Changes of keys that share a place, one in 64, keep each other out of memory for a moment.
const PLACES: usize = 64;

/// Values that were read lately, by key. Cheap to clone.
///
/// Whoever changes a value says so [before](Self::change) it is in the database, and until it is: meanwhile nobody finds the value
/// here, and nobody puts one here that was read before. So who reads after a change never sees what was there before it.
pub struct Cache<K, V> {
    /// Nothing where nothing is kept.
    inner: Option<Arc<Inner<K, V>>>,
}

struct Inner<K, V> {
    values: moka::sync::Cache<K, V>,
    places: [Mutex<Place>; PLACES],
    hasher: RandomState,
}

/// What goes on with the keys that share it.
#[derive(Clone, Copy, Default)]
struct Place {
    /// How many changes are under way.
    changing: usize,
    /// How many there were.
    changed: u64,
}

impl Place {
    /// How many changes there were, unless one is under way.
    fn quiet(self) -> Option<u64> {
        (self.changing == 0).then_some(self.changed)
    }
}

impl<K, V> Inner<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn place(&self, place: usize) -> MutexGuard<'_, Place> {
        // Two numbers cannot be left half-changed.
        self.places[place].lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[expect(clippy::cast_possible_truncation, reason = "only the remainder counts")]
    fn place_of(&self, key: &K) -> usize {
        self.hasher.hash_one(key) as usize % PLACES
    }
}

/// Lets each key's value go after a time of its own, half of [`KEPT`] at least. What was read in one moment is so not read again in one
/// moment either, in which all else would wait.
#[derive(Default)]
pub(crate) struct Spread(RandomState);

impl<K: Hash, V> Expiry<K, V> for Spread {
    fn expire_after_create(&self, key: &K, _: &V, _: Instant) -> Option<Duration> {
        let share = self.0.hash_one(key) % 512;
        Some(KEPT / 1024 * (512 + u32::try_from(share).unwrap_or_default()))
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
    /// Keeps values of so many `bytes` together, as `weigh` measures them. With 0 it keeps nothing, and everybody reads the
    /// database: right where several processes write to it.
    #[must_use]
    pub fn new(bytes: u64, weigh: fn(&K, &V) -> usize) -> Self {
        /// What a value takes besides itself and its key, roughly: its place in two lists and a table.
        const OVERHEAD: usize = 300;

        let inner = (bytes > 0).then(|| {
            let weigh =
                move |key: &K, value: &V| u32::try_from(weigh(key, value) + OVERHEAD).unwrap_or(u32::MAX);
            let values = moka::sync::Cache::builder()
                .max_capacity(bytes)
                .weigher(weigh)
                .expire_after(Spread::default());
            let places = std::array::from_fn(|_| Mutex::default());
            Arc::new(Inner { values: values.build(), places, hasher: RandomState::new() })
        });
        Self { inner }
    }

    /// The value under `key`: from memory, else what `load` brings, which is kept.
    ///
    /// # Errors
    ///
    /// What `load` fails with.
    pub async fn get<E>(
        &self,
        key: &K,
        load: impl Future<Output = Result<Option<V>, E>>,
    ) -> Result<Option<V>, E> {
        let Some(inner) = &self.inner else { return load.await };
        if let Some(value) = inner.values.get(key) {
            return Ok(Some(value));
        }
        let place = inner.place_of(key);
        let before = inner.place(place).quiet();
        let loaded = load.await?;
        if let Some(value) = &loaded {
            let now = inner.place(place);
            if before.is_some() && before == now.quiet() {
                inner.values.insert(key.clone(), value.clone());
            }
        }
        Ok(loaded)
    }

    /// Says that the value under `key` is about to change. Drop what is returned when it has.
    pub fn change(&self, key: &K) -> Change<K, V> {
        let Some(inner) = &self.inner else { return Change { of: None } };
        let place = inner.place_of(key);
        let mut now = inner.place(place);
        let before = now.quiet();
        now.changing += 1;
        inner.values.invalidate(key);
        drop(now);
        Change { of: Some((inner.clone(), place..place + 1, before)) }
    }

    /// Says that any values are about to change. Drop what is returned when they have.
    pub fn change_all(&self) -> Change<K, V> {
        let Some(inner) = &self.inner else { return Change { of: None } };
        for place in 0..PLACES {
            inner.place(place).changing += 1;
        }
        inner.values.invalidate_all();
        Change { of: Some((inner.clone(), 0..PLACES, None)) }
    }
}

impl<K, V> Clone for Cache<K, V> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

/// Shows none of the values.
impl<K, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("keeps", &self.inner.is_some()).finish_non_exhaustive()
    }
}

/// A change that is under way, until this is dropped.
#[must_use = "dropped at once it keeps nobody from the old value"]
pub struct Change<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    of: Option<UnderWay<K, V>>,
}

/// Where, and how many changes the first place had seen before, where none was under way.
type UnderWay<K, V> = (Arc<Inner<K, V>>, Range<usize>, Option<u64>);

impl<K, V> Change<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// The change is made: this is the value now, for whoever asks next. Forgotten where another change came between.
    pub fn made(mut self, key: K, value: V) {
        let Some((inner, places, before)) = self.of.take() else { return };
        let mut place = inner.place(places.start);
        place.changing -= 1;
        if before.is_some() && before == place.quiet() {
            inner.values.insert(key, value);
        }
        place.changed += 1;
    }
}

impl<K, V> Drop for Change<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn drop(&mut self) {
        if let Some((inner, places, _)) = self.of.take() {
            for place in places {
                let mut place = inner.place(place);
                place.changing -= 1;
                place.changed += 1;
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

    /// What is found, where the database has `stored`.
    async fn read(cache: &Cache<&'static str, u32>, stored: u32) -> u32 {
        let found = cache.get(&"key", async { Ok::<_, Infallible>(Some(stored)) }).await;
        found.unwrap().unwrap()
    }

    #[tokio::test]
    async fn a_value_that_was_read_is_not_read_again() {
        let cache = cache();
        assert_eq!((read(&cache, 1).await, read(&cache, 2).await), (1, 1));
    }

    #[tokio::test]
    async fn where_nothing_is_kept_everybody_reads_the_database() {
        let cache = Cache::new(0, |_, _| 4);
        assert_eq!((read(&cache, 1).await, read(&cache, 2).await), (1, 2));
    }

    #[tokio::test]
    async fn during_a_change_nothing_is_found_and_nothing_kept() {
        let cache = cache();
        read(&cache, 1).await;
        let change = cache.change(&"key");
        assert_eq!((read(&cache, 2).await, read(&cache, 3).await), (2, 3));
        drop(change);
        assert_eq!(read(&cache, 4).await, 4);
    }

    #[tokio::test]
    async fn what_was_read_before_a_change_is_not_kept_after_it() {
        let cache = cache();
        let late = cache.get(&"key", async {
            drop(cache.change(&"key"));
            Ok::<_, Infallible>(Some(1))
        });
        assert_eq!(late.await.unwrap(), Some(1));
        assert_eq!(read(&cache, 2).await, 2);
    }

    #[tokio::test]
    async fn a_change_of_everything_spares_no_key() {
        let cache = cache();
        read(&cache, 1).await;
        let change = cache.change_all();
        assert_eq!((read(&cache, 2).await, read(&cache, 3).await), (2, 3));
        drop(change);
        assert_eq!(read(&cache, 4).await, 4);
    }

    #[tokio::test]
    async fn what_a_change_has_made_is_found_unless_another_one_came_between() {
        let cache = cache();
        cache.change(&"key").made("key", 1);
        assert_eq!(read(&cache, 9).await, 1);
        let (first, second) = (cache.change(&"key"), cache.change(&"key"));
        first.made("key", 2);
        assert_eq!(read(&cache, 3).await, 3);
        second.made("key", 4);
        assert_eq!(read(&cache, 5).await, 5);
    }
}
