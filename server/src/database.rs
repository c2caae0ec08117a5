//! Opens the database: makes the file, sets it up and brings its tables up to date.

use std::{fs, path::Path, str::FromStr, time::Duration};

use anyhow::Context;
use session::{Database, Pool};
use sqlx::{
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// The numbered files in `migrations/`, compiled in.
static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// Connections that read: two halve the speed of a signed-in page, more than four bring nothing. One more writes.
const READERS: u32 = 4;

/// How long a statement waits for another writer before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the database, creating what is missing.
///
/// # Errors
///
/// When the file cannot be made or read, is no database, or was made by a newer version of the app.
pub async fn open(url: &str) -> anyhow::Result<Database> {
    let options = SqliteConnectOptions::from_str(url).context("DATABASE_URL cannot be read")?;
    let file = options.get_filename().to_owned();
    let told = || format!("cannot open the database {} (DATABASE_URL)", file.display());
    if let Some(folder) = file.parent().filter(|folder| *folder != Path::new("")) {
        fs::create_dir_all(folder).with_context(told)?;
    }
    let options = options
        .create_if_missing(true)
        // Readers and the writer do not wait for each other.
        .journal_mode(SqliteJournalMode::Wal)
        // In WAL mode a crash of the app loses nothing; only a power cut can lose the last moments, never the file.
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true);
    let connect = async |connections| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(BUSY_TIMEOUT)
            // A file does not hang up: to ask before each use would double the trips to SQLite.
            .test_before_acquire(false)
            .connect_with(options.clone())
            .await
    };
    let writer: Pool = connect(1).await.with_context(told)?;
    // SQLite gives no lock for the whole run: when two servers start on a new file, one of them has to look again.
    let migrated = match MIGRATIONS.run(&writer).await {
        Err(_) => MIGRATIONS.run(&writer).await,
        done => done,
    };
    migrated.with_context(|| format!("cannot bring {} up to date", file.display()))?;
    Ok(Database::new(connect(READERS).await.with_context(told)?, writer))
}
