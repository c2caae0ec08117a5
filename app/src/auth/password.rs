//! Passwords as Argon2id hashes (ASVS 11.4.2), computed off the async threads.

use std::{sync::LazyLock, thread::available_parallelism};

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use tokio::{
    sync::{OnceCell, Semaphore},
    task::spawn_blocking,
};

use super::NewPassword;
use crate::error::AppError;

/// The longest password that is looked at, in characters: no longer one can be chosen.
const MAX_CHARS: usize = NewPassword::MAX_CHARS as usize;

/// Hashes at once: each takes 19 MiB and a core for some 20 ms. Half of the cores are for the rest of the app, however many want to
/// sign in.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(1, |cores| cores.get().div_ceil(2))));

/// Hashes that are under way or wait for their turn at most: more would have to wait for seconds, and hold what the rest of the app
/// needs. Whoever comes then is told to come again.
static PLACES: Semaphore = Semaphore::const_new(64);

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
    NOBODY.get_or_try_init(|| hash("nobody")).await.map(String::as_str)
}

/// Hashes a password as it was typed, in the PHC string format with a salt of its own.
///
/// # Errors
///
/// [`AppError::Internal`] when there is no randomness or no memory, [`AppError::Busy`] when too many wait for a hash.
pub async fn hash(password: &str) -> Result<String, AppError> {
    let password = password.to_owned();
    off_thread(move || hash_now(&password)).await?
}

/// Whether the password is the one that was hashed. With `None`, for an account that does not exist, it is not, after the
/// same work.
///
/// # Errors
///
/// [`AppError::Internal`] when the work cannot be done, [`AppError::Busy`] when too many wait for a hash.
pub async fn verify(password: &str, stored: Option<&str>) -> Result<bool, AppError> {
    let known = stored.is_some() && password.chars().count() <= MAX_CHARS;
    let password: String = password.chars().take(MAX_CHARS).collect();
    let stored = match stored {
        Some(stored) => stored.to_owned(),
        None => nobody().await?.to_owned(),
    };
    off_thread(move || {
        let fits = PasswordHash::new(&stored)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        fits && known
    })
    .await
}

fn hash_now(password: &str) -> Result<String, AppError> {
    match Argon2::default().hash_password(password.as_bytes()) {
        Ok(hash) => Ok(hash.to_string()),
        Err(error) => {
            tracing::error!(%error, "a password could not be hashed");
            Err(AppError::Internal)
        }
    }
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
    let place = PLACES.try_acquire().map_err(|_| AppError::Busy)?;
    let turn = TURNS.acquire().await.map_err(|_| AppError::Internal)?;
    // The turn goes with the work: whoever hangs up while it is done does not make room for more of it.
    let work = move || {
        let _held = (turn, place);
        work()
    };
    spawn_blocking(work).await.map_err(|_| AppError::Internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_verified_exactly_as_typed() {
        let stored = hash(" Zwölf Boxkämpfer ").await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(verify(" Zwölf Boxkämpfer ", Some(&stored)).await.unwrap());
        for other in ["Zwölf Boxkämpfer", " zwölf boxkämpfer ", ""] {
            assert!(!verify(other, Some(&stored)).await.unwrap(), "{other:?}");
        }
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        assert!(!verify("nobody", None).await.unwrap());
    }

    #[tokio::test]
    async fn a_password_beyond_the_limit_is_wrong_even_where_its_beginning_is_right() {
        let stored = hash(&"a".repeat(MAX_CHARS)).await.unwrap();
        assert!(verify(&"a".repeat(MAX_CHARS), Some(&stored)).await.unwrap());
        assert!(!verify(&"a".repeat(MAX_CHARS + 1), Some(&stored)).await.unwrap());
    }
}
