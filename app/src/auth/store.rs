//! Accounts in the database.

use std::net::IpAddr;

use session::{Connection, Database, Db, Sessions, Transaction};
use sqlx::Row;
use web::{error::AppError, feature::Features};

use super::{Credentials, DemoAccount, Email, Name, SavedStates, User, UserId, password, saved_state::save};

/// There is an account with this e-mail address.
pub(super) const EMAIL_TAKEN: AppError = AppError::conflict(
    "email",
    "There is already an account with this e-mail. Please sign in instead, or use another address.",
);

/// A user in the database.
#[derive(Clone, Debug)]
pub struct StoredUser {
    /// The account.
    pub user: User,
    /// Incremented with each change of the password.
    pub password_version: i64,
}

fn stored_user(row: &<Db as sqlx::Database>::Row) -> Result<StoredUser, sqlx::Error> {
    let decode = |invalid| sqlx::Error::Decode(Box::new(invalid));
    let (name, email): (&str, &str) = (row.try_get("name")?, row.try_get("email")?);
    let user = User {
        id: UserId(row.try_get("id")?),
        name: Name::parse(name).map_err(decode)?,
        email: Email::parse(email).map_err(decode)?,
    };
    Ok(StoredUser { user, password_version: row.try_get("password_version")? })
}

/// The user with this id.
pub async fn find_user(db: &Database, id: &UserId) -> Result<Option<StoredUser>, sqlx::Error> {
    let find = async {
        let row = sqlx::query("select id, name, email, password_version from users where id = $1")
            .bind(&id.0)
            .fetch_optional(db.readers())
            .await?;
        row.as_ref().map(stored_user).transpose()
    };
    db.read(&format!("user {}", id.0), find).await
}

/// All users, in the order of their addresses.
pub async fn list_users(db: &Database) -> Result<Vec<User>, sqlx::Error> {
    let rows = sqlx::query("select id, name, email, password_version from users order by email")
        .fetch_all(db.readers())
        .await?;
    rows.iter().map(|row| Ok(stored_user(row)?.user)).collect()
}

/// The user with these credentials, and the id of the account with this address, even if the password is wrong. An unknown address and a
/// wrong password take the same time (ASVS 6.3.8). The right password for an outdated hash is hashed again. `address` is the client's.
pub async fn verify(
    db: &Database,
    address: Option<IpAddr>,
    credentials: &Credentials,
) -> Result<(Option<StoredUser>, Option<UserId>), AppError> {
    let (stored, hash) = find_user_by_email(db, &credentials.email).await?.unzip();
    let right = password::verify(address, &credentials.password, hash.as_deref()).await?;
    let id = stored.as_ref().map(|stored| stored.user.id.clone());
    if let (true, Some(id), Some(hash)) = (right, &id, &hash)
        && password::is_outdated(hash)
    {
        // The sign-in succeeds without it, and the next one tries again.
        let rehashed = rehash(db, address, id, hash, &credentials.password).await;
        if let Err(error) = rehashed {
            tracing::warn!(%error, "an outdated password hash could not be replaced");
        }
    }
    Ok((stored.filter(|_| right), id))
}

/// Replaces the `outdated` hash of the same password. The version of the password stays, so that no session ends. Does nothing if the
/// password has changed meanwhile.
async fn rehash(
    db: &Database,
    address: Option<IpAddr>,
    id: &UserId,
    outdated: &str,
    password: &str,
) -> Result<(), AppError> {
    let hash = password::hash(address, password).await?;
    let mut transaction = db.begin().await?;
    sqlx::query("update users set password_hash = $1 where id = $2 and password_hash = $3")
        .bind(hash)
        .bind(&id.0)
        .bind(outdated)
        .execute(&mut *transaction)
        .await?;
    Ok(transaction.commit().await?)
}

/// The account with this address, and the hash of its password.
pub async fn find_user_by_email(
    db: &Database,
    email: &Email,
) -> Result<Option<(StoredUser, String)>, sqlx::Error> {
    let row =
        sqlx::query("select id, name, email, password_version, password_hash from users where email = $1")
            .bind(email.as_str())
            .fetch_optional(db.readers())
            .await?;
    row.as_ref().map(|row| Ok((stored_user(row)?, row.try_get("password_hash")?))).transpose()
}

/// Inserts an account. `None` if there is one with this e-mail address.
pub async fn insert_user(
    db: &mut Connection,
    name: &Name,
    email: &Email,
    hash: &str,
    now: i64,
) -> Result<Option<StoredUser>, sqlx::Error> {
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
    row.as_ref().map(stored_user).transpose()
}

/// Creates an account without signing in: for operators. `None` if there is one with this e-mail address.
pub async fn create_user(
    db: &Database,
    name: &Name,
    email: &Email,
    password: &str,
    now: i64,
) -> Result<Option<StoredUser>, AppError> {
    let hash = password::hash(None, password).await?;
    let mut transaction = db.begin().await?;
    let created = insert_user(&mut transaction, name, email, &hash, now).await?;
    transaction.commit().await?;
    Ok(created)
}

/// The version of a user's password in a transaction; `None` if the account was deleted.
pub async fn password_version(db: &mut Connection, id: &UserId) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("select password_version from users where id = $1")
        .bind(&id.0)
        .fetch_optional(db)
        .await
}

/// Changes the name of a user.
pub async fn update_name(transaction: &mut Transaction, id: &UserId, name: &Name) -> Result<(), sqlx::Error> {
    sqlx::query("update users set name = $1 where id = $2")
        .bind(name.as_str())
        .bind(&id.0)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Whether this is the user's password. `address` is the client's.
pub async fn verify_password(
    db: &Database,
    address: Option<IpAddr>,
    user: &User,
    password: &str,
) -> Result<bool, AppError> {
    let hash = find_user_by_email(db, &user.email).await?.map(|(_, hash)| hash);
    password::verify(address, password, hash.as_deref()).await
}

/// Replaces the password hash of `version`. Returns the new version, or `None` if the password was changed, or the account deleted,
/// meanwhile.
pub async fn update_password(
    transaction: &mut Transaction,
    id: &UserId,
    hash: &str,
    version: i64,
) -> Result<Option<i64>, sqlx::Error> {
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

/// Sets the password of an account and ends all its sessions: for operators. Fails with [`AppError::NotFound`] if there is no
/// such account.
pub async fn reset_password(
    db: &Database,
    sessions: &Sessions,
    features: Features,
    id: &UserId,
    new: &str,
) -> Result<(), AppError> {
    let hash = password::hash(None, new).await?;
    let mut transaction = db.begin().await?;
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
    end_sessions(sessions, features, &mut transaction, id).await?;
    Ok(transaction.commit().await?)
}

/// Ends all sessions of a user. What features save is restored at the next sign-in.
pub async fn end_sessions(
    sessions: &Sessions,
    features: Features,
    transaction: &mut Transaction,
    id: &UserId,
) -> Result<usize, AppError> {
    let state = |session: &_| SavedStates::of(features, session);
    let ended: Vec<_> = sessions.end_owned(transaction, &id.0, state).await?.into_iter().flatten().collect();
    let count = ended.len();
    save(transaction, ended).await?;
    Ok(count)
}

/// Deletes an account with everything that belongs to it.
pub async fn delete_user(
    sessions: &Sessions,
    transaction: &mut Transaction,
    id: &UserId,
) -> Result<(), AppError> {
    sessions.end_owned(transaction, &id.0, |_| ()).await?;
    sqlx::query("delete from users where id = $1").bind(&id.0).execute(&mut **transaction).await?;
    Ok(())
}

/// Deletes the demo account: production may run on a database from development (ASVS 6.3.2).
pub async fn delete_demo_account(db: &Database, sessions: &Sessions) -> Result<(), AppError> {
    let email = Email::parse(DemoAccount::EMAIL).map_err(|_| AppError::Internal)?;
    if let Some((demo, _)) = find_user_by_email(db, &email).await? {
        let mut transaction = db.begin().await?;
        delete_user(sessions, &mut transaction, &demo.user.id).await?;
        transaction.commit().await?;
        tracing::warn!("removed the demo account, whose password is public");
    }
    Ok(())
}

/// Creates the demo account, unless it exists. Never in production (ASVS 6.3.2).
pub async fn insert_demo_account(db: &Database, now: i64) -> Result<(), AppError> {
    let email = Email::parse(DemoAccount::EMAIL).map_err(|_| AppError::Internal)?;
    if find_user_by_email(db, &email).await?.is_some() {
        return Ok(());
    }
    let name = Name::parse(DemoAccount::NAME).map_err(|_| AppError::Internal)?;
    create_user(db, &name, &email, DemoAccount::PASSWORD, now).await.map(drop)
}
