//! The contents of the database.

use std::{collections::BTreeSet, mem, path::Path};

use serde_json::Value;
use sqlx::{FromRow, SqlitePool, sqlite::SqliteRow};

use crate::url;

/// The contents of the database, without the time of the last use, which any request may change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Snapshot {
    users: Vec<UserRow>,
    pub(crate) sessions: Vec<SessionRow>,
    exchanges: Vec<ExchangeRow>,
    // <shop>
    saved: Vec<SavedRow>,
    // </shop>
}

#[derive(Clone, Debug, FromRow, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UserRow {
    id: String,
    email: String,
    password_hash: String,
    pub(crate) password_version: i64,
}

#[derive(Clone, Debug, FromRow, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SessionRow {
    id: String,
    pub(crate) handle: String,
    owner: Option<String>,
    data: String,
    pub(crate) began_at: i64,
    ends_at: i64,
    remembered: i64,
}

/// A session id that was replaced by another one.
#[derive(Clone, Debug, FromRow, PartialEq, Eq, PartialOrd, Ord)]
struct ExchangeRow {
    id: String,
    successor: String,
}

// <shop>
/// A line of a saved cart.
#[derive(Clone, Debug, FromRow, PartialEq, Eq, PartialOrd, Ord)]
struct SavedRow {
    user_id: String,
    product_id: i64,
    quantity: i64,
}
// </shop>

impl Snapshot {
    pub(crate) async fn read(file: &Path) -> Self {
        let pool = SqlitePool::connect(&url(file)).await.unwrap();
        let snapshot = Self {
            users: rows(&pool, "select id, email, password_hash, password_version from users").await,
            sessions: rows(
                &pool,
                "select id, handle, owner, data, began_at, ends_at, remembered from sessions",
            )
            .await,
            exchanges: rows(&pool, "select id, successor from renewed_sessions").await,
            // <shop>
            saved: rows(&pool, "select user_id, product_id, quantity from saved_cart_lines").await,
            // </shop>
        };
        pool.close().await;
        snapshot
    }

    pub(crate) fn user(&self, email: &str) -> Option<&UserRow> {
        self.users.iter().find(|user| user.email == email)
    }

    pub(crate) fn sessions_of(&self, email: &str) -> Vec<&SessionRow> {
        let Some(user) = self.user(email) else { return Vec::new() };
        self.sessions.iter().filter(|session| session.owner.as_ref() == Some(&user.id)).collect()
    }

    pub(crate) fn has_handle(&self, handle: &str) -> bool {
        self.sessions.iter().any(|session| session.handle == handle)
    }

    // <shop>
    /// The number of items in the carts of a user's sessions and in the saved cart.
    pub(crate) fn items_of(&self, email: &str) -> i64 {
        let Some(user) = self.user(email) else { return 0 };
        let saved = self.saved.iter().filter(|line| line.user_id == user.id).map(|line| line.quantity);
        self.sessions_of(email).iter().map(|session| session.items()).sum::<i64>() + saved.sum::<i64>()
    }
    // </shop>

    /// Whether each session of a user is signed in to an existing account with its current password.
    pub(crate) fn is_consistent(&self) -> bool {
        self.sessions.iter().all(|session| {
            session.owner.as_ref().is_none_or(|owner| {
                let mut users = self.users.iter();
                users.any(|user| {
                    user.id == *owner && session.sign_in()["password_version"] == user.password_version
                })
            })
        })
    }

    /// Replaces the random texts that are not in `start`, so that snapshots of different runs can be compared.
    pub(crate) fn normalized(&self, start: &Self) -> Self {
        let known: BTreeSet<_> = start.clone().random_texts().into_iter().map(mem::take).collect();
        let mut snapshot = self.clone();
        for text in snapshot.random_texts() {
            if !known.contains(text.as_str()) {
                "new".clone_into(text);
            }
        }
        snapshot.users.sort();
        snapshot.sessions.sort();
        snapshot.exchanges.sort();
        // <shop>
        snapshot.saved.sort();
        // </shop>
        snapshot
    }

    /// The ids, handles and password hashes.
    fn random_texts(&mut self) -> Vec<&mut String> {
        let mut texts = Vec::new();
        for user in &mut self.users {
            texts.extend([&mut user.id, &mut user.password_hash]);
        }
        for session in &mut self.sessions {
            texts.extend([&mut session.id, &mut session.handle]);
            texts.extend(&mut session.owner);
        }
        for exchange in &mut self.exchanges {
            texts.extend([&mut exchange.id, &mut exchange.successor]);
        }
        // <shop>
        texts.extend(self.saved.iter_mut().map(|line| &mut line.user_id));
        // </shop>
        texts
    }
}

impl SessionRow {
    /// The value of a key, or `null`.
    fn value(&self, key: &str) -> Value {
        let mut values: Value = serde_json::from_str(&self.data).unwrap();
        values[key]["d"].take()
    }

    pub(crate) fn sign_in(&self) -> Value {
        self.value("sign_in")
    }

    // <shop>
    fn items(&self) -> i64 {
        let cart = self.value("cart");
        let lines = cart["lines"].as_array().into_iter().flatten();
        lines.filter_map(|line| line["quantity"].as_i64()).sum()
    }
    // </shop>

    /// Whether it is a session of `before` with another id.
    pub(crate) fn has_new_id(&self, before: &Snapshot) -> bool {
        before.sessions.iter().any(|old| old.handle == self.handle && old.id != self.id)
    }
}

async fn rows<T>(pool: &SqlitePool, select: &'static str) -> Vec<T>
where
    T: Send + Unpin + for<'r> FromRow<'r, SqliteRow>,
{
    sqlx::query_as::<_, T>(select).fetch_all(pool).await.unwrap()
}
