//! Password hashes with Argon2id (ASVS 11.4.2), computed outside of the async threads.

use std::{net::IpAddr, sync::LazyLock, thread::available_parallelism};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash,
};
use tokio::{
    sync::{OnceCell, Semaphore},
    task::spawn_blocking,
};

use web::{error::AppError, limits::Quota};

use super::NewPassword;

/// The longest password that is hashed, in characters.
const MAX_CHARS: usize = NewPassword::MAX_CHARS as usize;

/// Hashes at once, each of which takes 19 MiB and a core for 20 ms. Half of the cores, rounded down, are left to other requests.
static PERMITS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(1, |cores| cores.get().div_ceil(2))));

/// Hashes that run or wait: more than 64 would wait for seconds. One client network may use a quarter of them. Requests without a client
/// address count as one network.
static QUEUE: LazyLock<Quota> = LazyLock::new(|| Quota::new(64, 16));

/// How passwords are hashed today. [`is_outdated`] finds other hashes.
const ALGORITHM: Algorithm = Algorithm::Argon2id;
const VERSION: Version = Version::V0x13;
/// 19 MiB, 2 passes, 1 thread (OWASP Password Storage Cheat Sheet).
const PARAMS: Params = Params::DEFAULT;

/// The hash that the password of an unknown account is compared with, so that it takes as long as for a known one (ASVS 6.3.8).
static DUMMY_HASH: OnceCell<String> = OnceCell::const_new();

/// Computes at start what the first attempt with an unknown account would wait for. Fails with [`AppError::Internal`] if the hash
/// cannot be computed.
pub async fn prepare() -> Result<(), AppError> {
    dummy_hash().await.map(drop)
}

async fn dummy_hash() -> Result<&'static str, AppError> {
    DUMMY_HASH.get_or_try_init(|| hash(None, "dummy")).await.map(String::as_str)
}

/// Hashes a password, in the PHC string format with its own salt. `address` is the client's, if it is known. Fails with
/// [`AppError::Internal`] if there is no randomness or no memory, [`AppError::Busy`] if too many requests wait for a hash.
pub async fn hash(address: Option<IpAddr>, password: &str) -> Result<String, AppError> {
    let password = password.to_owned();
    off_thread(address, move || hash_now(&password)).await?
}

/// Whether the password matches the stored hash. `None`, for an account that does not exist, never matches, and takes as long.
/// `address` is the client's. Fails with [`AppError::Internal`] if the hash cannot be computed, [`AppError::Busy`] if too many
/// requests wait for a hash.
pub async fn verify(address: Option<IpAddr>, password: &str, stored: Option<&str>) -> Result<bool, AppError> {
    let known = stored.is_some() && password.chars().count() <= MAX_CHARS;
    let password: String = password.chars().take(MAX_CHARS).collect();
    let stored = match stored {
        Some(stored) => stored.to_owned(),
        None => dummy_hash().await?.to_owned(),
    };
    off_thread(address, move || {
        let fits = PasswordHash::new(&stored)
            .is_ok_and(|hash| hasher().verify_password(password.as_bytes(), &hash).is_ok());
        fits && known
    })
    .await
}

/// Whether a stored hash has another algorithm, version or parameters than [`hash`] uses, or is not a hash, so that the password should be
/// hashed again at the next sign-in.
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
    let mut share = QUEUE.share(address);
    if !share.grow_to(1) {
        return Err(AppError::Busy);
    }
    let permit = PERMITS.acquire().await.map_err(|_| AppError::Internal)?;
    // Held by the work, which continues after the client has disconnected.
    let work = move || {
        let _held = (permit, share);
        work()
    };
    spawn_blocking(work).await.map_err(|_| AppError::Internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Security: 6.2.8, 11.4.2
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
    async fn an_unknown_account_has_no_password() {
        assert!(!verify(None, "dummy", None).await.unwrap());
    }

    /// Security: 6.2.8, 6.2.9
    #[tokio::test]
    async fn a_password_over_the_limit_is_wrong_even_if_its_beginning_is_right() {
        let stored = hash(None, &"a".repeat(MAX_CHARS)).await.unwrap();
        assert!(verify(None, &"a".repeat(MAX_CHARS), Some(&stored)).await.unwrap());
        assert!(!verify(None, &"a".repeat(MAX_CHARS + 1), Some(&stored)).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_with_other_parameters_is_outdated() {
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
}
