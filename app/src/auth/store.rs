//! Accounts in the database.

use std::net::IpAddr;

use session::{Cache, Connection, Db, Sessions, Transaction};
use sqlx::Row;

use super::{
    Credentials, DemoAccount, Email, Name, User, UserId,
    belongings::{self, Belongings},
    password,
};
use crate::{error::AppError, storage::Storage};

/// A user as the database has it now.
#[derive(Clone, Debug)]
pub struct KnownUser {
    /// The account.
    pub user: User,
    /// Goes up with each change of the password.
    pub password_version: i64,
}

/// Users that were asked for lately.
pub type UserCache = Cache<UserId, KnownUser>;

fn known_user(row: &<Db as sqlx::Database>::Row) -> Result<KnownUser, sqlx::Error> {
    let decode = |problem| sqlx::Error::Decode(Box::new(problem));
    let (name, email): (&str, &str) = (row.try_get("name")?, row.try_get("email")?);
    let user = User {
        id: UserId(row.try_get("id")?),
        name: Name::parse(name).map_err(decode)?,
        email: Email::parse(email).map_err(decode)?,
    };
    Ok(KnownUser { user, password_version: row.try_get("password_version")? })
}

/// The user with this id.
///
/// # Errors
///
/// [`sqlx::Error`] when the database fails.
pub async fn find_user(db: &Storage, id: &UserId) -> Result<Option<KnownUser>, sqlx::Error> {
    db.users.get(id, find_newest_user(db, id)).await
}

/// The same as the database has it now, whatever is in memory.
async fn find_newest_user(db: &Storage, id: &UserId) -> Result<Option<KnownUser>, sqlx::Error> {
    let row = sqlx::query("select id, name, email, password_version from users where id = $1")
        .bind(&id.0)
        .fetch_optional(db.readers())
        .await?;
    row.as_ref().map(known_user).transpose()
}

/// All users, in the order of their addresses.
///
/// # Errors
///
/// [`sqlx::Error`] when the database fails.
pub async fn list_users(db: &Storage) -> Result<Vec<User>, sqlx::Error> {
    let rows = sqlx::query("select id, name, email, password_version from users order by email")
        .fetch_all(db.readers())
        .await?;
    rows.iter().map(|row| Ok(known_user(row)?.user)).collect()
}

/// The user whom these credentials belong to, and the one whose address it is at any rate. An unknown address and a wrong password take
/// the same time (ASVS 6.3.8), unless the account's hash is outdated: a right password is then hashed again. `address` is the client's.
///
/// # Errors
///
/// [`AppError`] when the database fails or the password cannot be checked.
pub async fn verify(
    db: &Storage,
    address: Option<IpAddr>,
    credentials: &Credentials,
) -> Result<(Option<KnownUser>, Option<UserId>), AppError> {
    let (known, hash) = find_user_by_email(db, &credentials.email).await?.unzip();
    let right = password::verify(address, &credentials.password, hash.as_deref()).await?;
    let id = known.as_ref().map(|known| known.user.id.clone());
    if let (true, Some(id), Some(hash)) = (right, &id, &hash)
        && password::is_outdated(hash)
    {
        // The sign-in succeeds without it, and the next one tries again.
        let rehashed = rehash(db, address, id, hash, &credentials.password).await;
        if let Err(error) = rehashed {
            tracing::warn!(%error, "an outdated password hash could not be replaced");
        }
    }
    Ok((known.filter(|_| right), id))
}

/// Puts a hash of today's kind in place of the `outdated` one of the same password. The password's version stays, so that no session
/// ends; where the password has changed meanwhile, nothing is done.
///
/// # Errors
///
/// [`AppError`] when the password cannot be hashed or the database fails.
async fn rehash(
    db: &Storage,
    address: Option<IpAddr>,
    id: &UserId,
    outdated: &str,
    password: &str,
) -> Result<(), AppError> {
    let hash = password::hash(address, password).await?;
    sqlx::query("update users set password_hash = $1 where id = $2 and password_hash = $3")
        .bind(hash)
        .bind(&id.0)
        .bind(outdated)
        .execute(db.writer())
        .await?;
    Ok(())
}

/// The account with this address, and its password's hash.
///
/// # Errors
///
/// [`sqlx::Error`] when the database fails.
pub async fn find_user_by_email(
    db: &Storage,
    email: &Email,
) -> Result<Option<(KnownUser, String)>, sqlx::Error> {
    let row =
        sqlx::query("select id, name, email, password_version, password_hash from users where email = $1")
            .bind(email.as_str())
            .fetch_optional(db.readers())
            .await?;
    row.as_ref().map(|row| Ok((known_user(row)?, row.try_get("password_hash")?))).transpose()
}

/// Makes an account with the `hash` of its password, unless its e-mail address is taken.
///
/// # Errors
///
/// [`sqlx::Error`] when the database fails.
pub async fn insert_user(
    db: &mut Connection,
    name: &Name,
    email: &Email,
    hash: &str,
    now: i64,
) -> Result<Option<KnownUser>, sqlx::Error> {
    let row = sqlx::query(
        "insert into users (id, name, email, password_hash, created_at) values ($1, $2, $3, $4, $5)
         on conflict (email) do nothing returning id, name, email, password_version",
    )
    .bind(uuid::Uuid::new_v4().to_string())
    .bind(name.as_str())
    .bind(email.as_str())
    .bind(hash)
    .bind(now)
    .fetch_optional(db)
    .await?;
    row.as_ref().map(known_user).transpose()
}

/// Makes an account without signing anyone in: for operators. `None` when its e-mail address is taken.
///
/// # Errors
///
/// [`AppError`] when the password cannot be hashed or the database fails.
pub async fn make_user(
    db: &Storage,
    name: &Name,
    email: &Email,
    password: &str,
    now: i64,
) -> Result<Option<KnownUser>, AppError> {
    let hash = password::hash(None, password).await?;
    let mut transaction = db.begin().await?;
    let made = insert_user(&mut transaction, name, email, &hash, now).await?;
    transaction.commit().await?;
    Ok(made)
}

/// The version of a user's password, as a transaction sees it; `None` when the account is gone.
///
/// # Errors
///
/// [`sqlx::Error`] when the database fails.
pub async fn password_version(db: &mut Connection, id: &UserId) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("select password_version from users where id = $1")
        .bind(&id.0)
        .fetch_optional(db)
        .await
}

/// Changes the name.
///
/// # Errors
///
/// [`sqlx::Error`] when the database fails.
pub async fn update_name(
    db: &Storage,
    transaction: &mut Transaction,
    id: &UserId,
    name: &Name,
) -> Result<(), sqlx::Error> {
    transaction.hold(db.users.change(id));
    sqlx::query("update users set name = $1 where id = $2")
        .bind(name.as_str())
        .bind(&id.0)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Whether this is the user's password. `address` is the client's.
///
/// # Errors
///
/// [`AppError`] when the database fails or the password cannot be checked.
pub async fn verify_password(
    db: &Storage,
    address: Option<IpAddr>,
    user: &User,
    password: &str,
) -> Result<bool, AppError> {
    let hash = find_user_by_email(db, &user.email).await?.map(|(_, hash)| hash);
    password::verify(address, password, hash.as_deref()).await
}

/// Puts a new password's hash in place of the one of `version`. Returns the new version, or nothing when another change was
/// faster or the account is gone.
///
/// # Errors
///
/// [`sqlx::Error`] when the database fails.
pub async fn update_password(
    db: &Storage,
    transaction: &mut Transaction,
    id: &UserId,
    hash: &str,
    version: i64,
) -> Result<Option<i64>, sqlx::Error> {
    transaction.hold(db.users.change(id));
    sqlx::query_scalar(
        "update users set password_hash = $1, password_version = password_version + 1
         where id = $2 and password_version = $3 returning password_version",
    )
    .bind(hash)
    .bind(&id.0)
    .bind(version)
    .fetch_optional(&mut **transaction)
    .await
}

/// Gives an account a new password without asking for the old one, and ends all its sessions: for operators.
///
/// # Errors
///
/// [`AppError::NotFound`] when the account is gone.
pub async fn reset_password(
    db: &Storage,
    sessions: &Sessions,
    id: &UserId,
    new: &str,
) -> Result<(), AppError> {
    let hash = password::hash(None, new).await?;
    let mut transaction = db.begin().await?;
    transaction.hold(db.users.change(id));
    let reset = sqlx::query(
        "update users set password_hash = $1, password_version = password_version + 1 where id = $2",
    )
    .bind(hash)
    .bind(&id.0)
    .execute(&mut *transaction)
    .await?;
    if reset.rows_affected() == 0 {
        return Err(AppError::NotFound);
    }
    end_sessions(sessions, &mut transaction, id).await?;
    Ok(transaction.commit().await?)
}

/// Ends all sessions of a user. What belongs to the user is saved for the next sign-in.
///
/// # Errors
///
/// [`AppError::Unavailable`] when the database fails.
pub async fn end_sessions(
    sessions: &Sessions,
    transaction: &mut Transaction,
    id: &UserId,
) -> Result<usize, AppError> {
    let ended = sessions.end_owned(transaction, &id.0, Belongings::of).await?;
    let ended: Vec<_> = ended.into_iter().flatten().collect();
    belongings::save(transaction, &ended).await?;
    Ok(ended.len())
}

/// Removes an account with all that belongs to it.
///
/// # Errors
///
/// [`AppError::Unavailable`] when the database fails; then nothing was removed.
pub async fn delete_user(
    db: &Storage,
    sessions: &Sessions,
    transaction: &mut Transaction,
    id: &UserId,
) -> Result<(), AppError> {
    transaction.hold(db.users.change(id));
    sessions.end_owned(transaction, &id.0, |_| ()).await?;
    sqlx::query("delete from users where id = $1").bind(&id.0).execute(&mut **transaction).await?;
    Ok(())
}

/// Removes the account that everybody may use: production may run on a database that development has filled (ASVS 6.3.2).
///
/// # Errors
///
/// [`AppError::Unavailable`] when the database fails.
pub async fn delete_demo_account(db: &Storage, sessions: &Sessions) -> Result<(), AppError> {
    let email = Email::parse(DemoAccount::EMAIL).map_err(|_| AppError::Internal)?;
    if let Some((demo, _)) = find_user_by_email(db, &email).await? {
        let mut transaction = db.begin().await?;
        delete_user(db, sessions, &mut transaction, &demo.user.id).await?;
        transaction.commit().await?;
        tracing::warn!("removed the demo account, whose password is public");
    }
    Ok(())
}

/// Makes the account that everybody may use, unless it is there. Never in production (ASVS 6.3.2).
///
/// # Errors
///
/// [`AppError`] when the password cannot be hashed or the database fails.
pub async fn insert_demo_account(db: &Storage, now: i64) -> Result<(), AppError> {
    let email = Email::parse(DemoAccount::EMAIL).map_err(|_| AppError::Internal)?;
    if find_user_by_email(db, &email).await?.is_some() {
        return Ok(());
    }
    let name = Name::parse(DemoAccount::NAME).map_err(|_| AppError::Internal)?;
    make_user(db, &name, &email, DemoAccount::PASSWORD, now).await.map(drop)
}
