//! Creates and migrates the tables.

use crate::{Database, SessionError};

/// Never edit a migration that was released; add one.
const MIGRATIONS: &[&[&str]] = &[
    &[
        "create table if not exists sessions (
            id text not null,
            data text not null,
            version bigint not null,
            began_at bigint not null,
            used_at bigint not null,
            ends_at bigint not null,
            expires_at bigint not null,
            remembered bigint not null,
            constraint sessions_pkey primary key (id)
        )",
        "create index if not exists sessions_expires_at on sessions (expires_at)",
        // Old ids and the ids that replaced them, so that a late request is not taken for a forged one.
        "create table if not exists renewed_sessions (
            id text not null,
            successor text not null,
            renewed_at bigint not null,
            constraint renewed_sessions_pkey primary key (id)
        )",
        "create index if not exists renewed_sessions_renewed_at on renewed_sessions (renewed_at)",
    ],
    &[
        "alter table sessions add column owner text",
        // Servers of the previous version still insert sessions without a handle.
        "alter table sessions add column handle text not null default ''",
        "update sessions set handle = substr(id, 1, 22)",
        "create index sessions_owner on sessions (owner, used_at)",
    ],
];

pub(crate) async fn migrate(db: &Database) -> Result<(), SessionError> {
    sqlx::query("create table if not exists session_steps (step bigint not null, constraint session_steps_pkey primary key (step))")
        .execute(db.writer())
        .await?;
    for (step, statements) in (1_i64..).zip(MIGRATIONS) {
        let mut transaction = db.begin().await?;
        // If two servers start at the same time, only one inserts this row and runs the statements.
        let due = sqlx::query("insert into session_steps (step) values ($1) on conflict (step) do nothing")
            .bind(step)
            .execute(&mut *transaction)
            .await?;
        if due.rows_affected() == 1 {
            for statement in *statements {
                sqlx::query(*statement).execute(&mut *transaction).await?;
            }
        }
        transaction.commit().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Pool, id::SessionId, store::Store};

    #[tokio::test]
    async fn migrates_tables_that_are_older_than_the_migrations() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/old.db?mode=rwc", folder.path().display());
        let pool = Pool::connect(&url).await.unwrap();
        for statement in MIGRATIONS[0] {
            sqlx::query(*statement).execute(&pool).await.unwrap();
        }
        let id = SessionId::random().hash();
        sqlx::query("insert into sessions values ($1, '{}', 1, 0, 0, 100, 100, 0)")
            .bind(id.as_str())
            .execute(&pool)
            .await
            .unwrap();
        let db = Database::from(pool);
        migrate(&db).await.unwrap();
        migrate(&db).await.unwrap();
        let found = Store::new(db, 0).find(&id, 1).await.unwrap().unwrap();
        assert_eq!((found.owner.as_deref(), found.handle.len()), (None, 22));
    }
}
