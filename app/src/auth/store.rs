//! Accounts in the database, and the signed-in one in the session.

use serde::{Deserialize, Serialize};
use session::{Db, Pool, Session, SessionError, SessionValue};
use sqlx::Row;

use super::{Credentials, DemoAccount, Email, User, UserId, password};
use crate::error::AppError;

/// Who is signed in, in the session.
#[derive(Default, Deserialize, Serialize)]
struct SignedInUser {
    id: Option<UserId>,
}

impl SessionValue for SignedInUser {
    const KEY: &'static str = "user";
}

/// Signs a user in: the session gets a new id (ASVS 7.2.4). It keeps what a guest or the same user had put into it, and nothing of
/// another user's. A form that was sent twice goes on with the session that its first sending has made.
///
/// # Errors
///
/// [`SessionError`] when the session cannot be written.
pub async fn start_session(session: &Session, user: &User, remember: bool) -> Result<(), SessionError> {
    let id = user.id.clone();
    session.rejoin(move |signed_in: &SignedInUser| signed_in.id.as_ref() == Some(&id)).await?;
    let before = session.read::<SignedInUser>().await?.and_then(|signed_in| signed_in.id);
    if before.is_some_and(|before| before != user.id) {
        session.end().await?;
    }
    session.restart(remember).await?;
    session.update(|signed_in: &mut SignedInUser| signed_in.id = Some(user.id.clone())).await
}

/// The user who is signed in. One whose account is gone is nobody.
///
/// # Errors
///
/// [`AppError::Unavailable`] when the session or the database fails.
pub async fn current_user(session: &Session, pool: &Pool) -> Result<Option<User>, AppError> {
    let Some(SignedInUser { id: Some(id) }) = session.read().await? else {
        return Ok(None);
    };
    Ok(find_user(pool, &id).await?)
}

fn user(row: &<Db as sqlx::Database>::Row) -> Result<User, sqlx::Error> {
    let email: String = row.try_get("email")?;
    let email = Email::parse(&email).map_err(|problem| sqlx::Error::Decode(Box::new(problem)))?;
    Ok(User { id: UserId(row.try_get("id")?), name: row.try_get("name")?, email })
}

async fn find_user(pool: &Pool, id: &UserId) -> Result<Option<User>, sqlx::Error> {
    let row = sqlx::query("select id, name, email from users where id = $1")
        .bind(&id.0)
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(user).transpose()
}

/// The user whom these credentials belong to. An unknown address and a wrong password take the same time (ASVS 6.3.8).
///
/// # Errors
///
/// [`AppError`] when the database fails or the password cannot be checked.
pub async fn verify(pool: &Pool, credentials: &Credentials) -> Result<Option<User>, AppError> {
    let (user, hash) = find_user_by_email(pool, &credentials.email).await?.unzip();
    let right = password::verify(&credentials.password, hash.as_deref()).await?;
    tracing::info!(user = user.as_ref().map(|user| user.id.0.as_str()), right, "sign-in");
    Ok(user.filter(|_| right))
}

/// The account with this address, and its password's hash.
async fn find_user_by_email(pool: &Pool, email: &Email) -> Result<Option<(User, String)>, sqlx::Error> {
    let row = sqlx::query("select id, name, email, password_hash from users where email = $1")
        .bind(email.as_str())
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(|row| Ok((user(row)?, row.try_get("password_hash")?))).transpose()
}

/// Removes the account that everybody may use: production may run on a database that development has filled (ASVS 6.3.2).
///
/// # Errors
///
/// [`AppError::Unavailable`] when the database fails.
pub async fn delete_demo_account(pool: &Pool) -> Result<(), AppError> {
    let removed =
        sqlx::query("delete from users where email = $1").bind(DemoAccount::EMAIL).execute(pool).await?;
    if removed.rows_affected() > 0 {
        tracing::warn!("removed the demo account, whose password is public");
    }
    Ok(())
}

/// Makes the account that everybody may use, unless it is there. Never in production (ASVS 6.3.2).
///
/// # Errors
///
/// [`AppError`] when the password cannot be hashed or the database fails.
pub async fn insert_demo_account(pool: &Pool, now: i64) -> Result<(), AppError> {
    let email = Email::parse(DemoAccount::EMAIL).map_err(|_| AppError::Internal)?;
    if find_user_by_email(pool, &email).await?.is_some() {
        return Ok(());
    }
    let hash = password::hash(DemoAccount::PASSWORD).await?;
    sqlx::query(
        "insert into users (id, name, email, password_hash, created_at) values ($1, $2, $3, $4, $5)
         on conflict (email) do nothing",
    )
    .bind(uuid::Uuid::new_v4().to_string())
    .bind(DemoAccount::NAME)
    .bind(email.as_str())
    .bind(hash)
    .bind(now)
    .execute(pool)
    .await?;
    Ok(())
}
