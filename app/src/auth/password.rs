//! Passwords as Argon2id hashes (ASVS 11.4.2), computed off the async threads.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
    thread::available_parallelism,
};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash,
};
use tokio::{
    sync::{OnceCell, Semaphore},
    task::spawn_blocking,
};

use super::NewPassword;
use crate::{error::AppError, rate_limit::widest_network};

/// The longest password that is looked at, in characters: no longer one can be chosen.
const MAX_CHARS: usize = NewPassword::MAX_CHARS as usize;

/// Hashes at once: each takes 19 MiB and a core for some 20 ms. Half of the cores are for the rest of the app, however many want to
/// sign in.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(1, |cores| cores.get().div_ceil(2))));

/// Hashes that are under way or wait for their turn: more than 64 would have to wait for seconds, and hold what the rest of the app
/// needs. One client network takes a quarter of them at most, so that there is room for others.
static QUEUE: Queue = Queue::new(64, 16);

/// How a password is hashed today: [`is_outdated`] finds the hashes that are of another kind.
const ALGORITHM: Algorithm = Algorithm::Argon2id;
const VERSION: Version = Version::V0x13;
/// 19 MiB, 2 passes, 1 thread (OWASP Password Storage Cheat Sheet).
const PARAMS: Params = Params::DEFAULT;

/// What an unknown account's password is held against, so that it takes as long as a known one's (ASVS 6.3.8).
static NOBODY: OnceCell<String> = OnceCell::const_new();

/// Does beforehand what the first try of an unknown account would have to wait for.
///
/// # Errors
///
/// [`AppError::Internal`] when nothing can be hashed.
pub async fn prepare() -> Result<(), AppError> {
    nobody().await.map(drop)
}

async fn nobody() -> Result<&'static str, AppError> {
    NOBODY.get_or_try_init(|| hash(None, "nobody")).await.map(String::as_str)
}

/// Hashes a password as it was typed, in the PHC string format with a salt of its own. `address` is the client's; operators and the
/// start of the server have none.
///
/// # Errors
///
/// [`AppError::Internal`] when there is no randomness or no memory, [`AppError::Busy`] when too many wait for a hash.
pub async fn hash(address: Option<IpAddr>, password: &str) -> Result<String, AppError> {
    let password = password.to_owned();
    off_thread(address, move || hash_now(&password)).await?
}

/// Whether the password is the one that was hashed. With `None` in place of the stored hash, for an account that does not exist, it is
/// not, after the same work. `address` is the client's, as in [`hash`].
///
/// # Errors
///
/// [`AppError::Internal`] when the work cannot be done, [`AppError::Busy`] when too many wait for a hash.
pub async fn verify(address: Option<IpAddr>, password: &str, stored: Option<&str>) -> Result<bool, AppError> {
    let known = stored.is_some() && password.chars().count() <= MAX_CHARS;
    let password: String = password.chars().take(MAX_CHARS).collect();
    let stored = match stored {
        Some(stored) => stored.to_owned(),
        None => nobody().await?.to_owned(),
    };
    off_thread(address, move || {
        let fits = PasswordHash::new(&stored)
            .is_ok_and(|hash| hasher().verify_password(password.as_bytes(), &hash).is_ok());
        fits && known
    })
    .await
}

/// Whether a stored hash was made in another way than [`hash`] makes them today, so that the password is to be hashed again once it is
/// known: by another algorithm or version, or with other parameters. A text that is not a hash is outdated, too.
#[must_use]
pub fn is_outdated(stored: &str) -> bool {
    let costs = |params: &Params| {
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        (params.m_cost(), params.t_cost(), params.p_cost(), length)
    };
    let is_current = PasswordHash::new(stored).is_ok_and(|hash| {
        hash.algorithm == ALGORITHM.ident()
            && hash.version == Some(VERSION.into())
            && Params::try_from(&hash).is_ok_and(|params| costs(&params) == costs(&PARAMS))
    });
    !is_current
}

fn hasher() -> Argon2<'static> {
    Argon2::new(ALGORITHM, VERSION, PARAMS)
}

fn hash_now(password: &str) -> Result<String, AppError> {
    match hasher().hash_password(password.as_bytes()) {
        Ok(hash) => Ok(hash.to_string()),
        Err(error) => {
            tracing::error!(%error, "a password could not be hashed");
            Err(AppError::Internal)
        }
    }
}

async fn off_thread<T: Send + 'static>(
    address: Option<IpAddr>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AppError> {
    let place = QUEUE.enter(address).ok_or(AppError::Busy)?;
    let turn = TURNS.acquire().await.map_err(|_| AppError::Internal)?;
    // The turn goes with the work: whoever hangs up while it is done does not make room for more of it.
    let work = move || {
        let _held = (turn, place);
        work()
    };
    spawn_blocking(work).await.map_err(|_| AppError::Internal)
}

/// Counts the places that are taken, for each client network.
struct Queue {
    places: usize,
    /// The most that one network may take.
    share: usize,
    taken: Mutex<BTreeMap<Option<IpAddr>, usize>>,
}

impl Queue {
    const fn new(places: usize, share: usize) -> Self {
        Self { places, share, taken: Mutex::new(BTreeMap::new()) }
    }

    /// Takes a place, unless none is left or the client's network has its share. Work without an address has all of them.
    fn enter(&'static self, address: Option<IpAddr>) -> Option<Place> {
        let network = address.map(widest_network);
        let share = if network.is_some() { self.share } else { self.places };
        let mut taken = self.lock();
        let (all, own) = (taken.values().sum::<usize>(), taken.get(&network).copied().unwrap_or_default());
        if all >= self.places || own >= share {
            return None;
        }
        taken.insert(network, own + 1);
        Some(Place { queue: self, network })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Option<IpAddr>, usize>> {
        // Each change is a single step, so a panic elsewhere leaves nothing half done.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a [`Queue`], which is free again when this is dropped.
struct Place {
    queue: &'static Queue,
    network: Option<IpAddr>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.queue.lock();
        let own = taken.get(&self.network).copied().unwrap_or_default();
        if own > 1 {
            taken.insert(self.network, own - 1);
        } else {
            taken.remove(&self.network);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_verified_exactly_as_typed() {
        let stored = hash(None, " Zwölf Boxkämpfer ").await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(verify(None, " Zwölf Boxkämpfer ", Some(&stored)).await.unwrap());
        for other in ["Zwölf Boxkämpfer", " zwölf boxkämpfer ", ""] {
            assert!(!verify(None, other, Some(&stored)).await.unwrap(), "{other:?}");
        }
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        assert!(!verify(None, "nobody", None).await.unwrap());
    }

    #[tokio::test]
    async fn a_password_beyond_the_limit_is_wrong_even_where_its_beginning_is_right() {
        let stored = hash(None, &"a".repeat(MAX_CHARS)).await.unwrap();
        assert!(verify(None, &"a".repeat(MAX_CHARS), Some(&stored)).await.unwrap());
        assert!(!verify(None, &"a".repeat(MAX_CHARS + 1), Some(&stored)).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_of_another_kind_is_outdated_and_one_of_today_is_not() {
        let made = |algorithm, version, costs: (u32, u32, u32), length| {
            let params = Params::new(costs.0, costs.1, costs.2, Some(length)).unwrap();
            Argon2::new(algorithm, version, params).hash_password(b"secret").unwrap().to_string()
        };
        let today = hash(None, "secret").await.unwrap();
        assert!(!is_outdated(&today), "{today}");
        assert!(!is_outdated(&made(ALGORITHM, VERSION, (19_456, 2, 1), 32)));
        for stored in [
            made(ALGORITHM, VERSION, (1_024, 2, 1), 32),
            made(ALGORITHM, VERSION, (19_456, 1, 1), 32),
            made(ALGORITHM, VERSION, (19_456, 2, 2), 32),
            made(ALGORITHM, VERSION, (19_456, 2, 1), 16),
            made(ALGORITHM, Version::V0x10, (19_456, 2, 1), 32),
            made(Algorithm::Argon2i, VERSION, (19_456, 2, 1), 32),
            today.replace("argon2id", "scrypt"),
            String::new(),
        ] {
            assert!(is_outdated(&stored), "{stored}");
        }
    }

    #[test]
    fn one_network_takes_its_share_of_the_queue_and_leaves_the_rest_to_others() {
        static QUEUE: Queue = Queue::new(8, 2);
        let enter = |address: &str| QUEUE.enter(Some(address.parse().unwrap()));
        let held = [enter("10.0.0.1"), enter("10.0.0.1"), enter("2001:db8:0:1::1"), enter("2001:db8:0:2::1")];
        assert!(held.iter().all(Option::is_some));
        for address in ["10.0.0.1", "::ffff:10.0.0.1", "2001:db8:0:3::1"] {
            assert!(enter(address).is_none(), "{address}");
        }
        let others = [enter("10.0.0.2"), enter("2001:db8:1::1")];
        assert!(others.iter().all(Option::is_some));
        drop(held);
        assert!(enter("10.0.0.1").is_some() && enter("2001:db8:0:3::1").is_some());
    }

    #[test]
    fn work_without_an_address_takes_all_places_and_no_more_and_gives_them_back() {
        static QUEUE: Queue = Queue::new(8, 2);
        let held: Vec<_> = (0..8).map(|_| QUEUE.enter(None).unwrap()).collect();
        assert!(QUEUE.enter(None).is_none() && QUEUE.enter(Some(IpAddr::from([10, 0, 0, 1]))).is_none());
        drop(held);
        assert!(QUEUE.enter(None).is_some());
        assert!(QUEUE.lock().is_empty(), "nothing is kept of work that is done");
    }
}
