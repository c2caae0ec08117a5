//! Opens the database: makes the file, sets it up and brings its tables up to date.

use std::{
    fs, io,
    path::{Path, PathBuf},
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, anyhow};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use session::{Database, Pool};
use sqlx::{
    Connection,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use web::{error::AppError, failure};

/// The numbered files in `migrations/`, compiled in.
pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

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
    open_with(options(url)?).await
}

/// What the setting says of the database: where it is, above all.
pub(crate) fn options(url: &str) -> anyhow::Result<SqliteConnectOptions> {
    SqliteConnectOptions::from_str(url).context("DATABASE_URL cannot be read")
}

/// As [`open`].
pub(crate) async fn open_with(options: SqliteConnectOptions) -> anyhow::Result<Database> {
    let file = options.get_filename().to_owned();
    connect(options).await.map_err(|error| match cure(&error, &file) {
        Some(cure) => anyhow!("{error:#}: {cure}"),
        None => error,
    })
}

async fn connect(options: SqliteConnectOptions) -> anyhow::Result<Database> {
    let file = options.get_filename().to_owned();
    let told = || format!("cannot open the database {} (DATABASE_URL)", file.display());
    if let Some(folder) = file.parent().filter(|folder| *folder != Path::new("")) {
        fs::create_dir_all(folder).with_context(told)?;
    }
    make(&file).with_context(told)?;
    let options = options
        // It is there by now. Where it has gone later, no connection may make an empty one in its place.
        .create_if_missing(false)
        // Readers and the writer do not wait for each other.
        .journal_mode(SqliteJournalMode::Wal)
        // Each commit is on the disk before it is answered: after a power cut no ended session is back, and no order is lost.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true);
    let pool = async |connections, options: &SqliteConnectOptions| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(BUSY_TIMEOUT)
            // A connection to a file does not wear out.
            .idle_timeout(None)
            .max_lifetime(None)
            // A file does not hang up: to ask before each use would double the trips to SQLite.
            .test_before_acquire(false)
            .after_release(|connection, _| Box::pin(is_fit(connection)))
            .connect_with(options.clone())
            .await
    };
    let writer: Pool = pool(1, &options).await.with_context(told)?;
    // SQLite gives no lock for the whole run: when two servers start on a new file, one of them has to look again.
    let migrated = match MIGRATIONS.run(&writer).await {
        Err(_) => MIGRATIONS.run(&writer).await,
        done => done,
    };
    migrated.with_context(|| format!("cannot bring {} up to date", file.display()))?;
    Ok(Database::new(pool(READERS, &options).await.with_context(told)?, writer))
}

/// Whether a connection may be used again. Where a commit fails, as on a full disk, SQLite may have rolled back by itself; sqlx then counts
/// a transaction that does not end any more, and refuses to begin another one.
async fn is_fit(connection: &mut session::Connection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // One that was dropped is rolled back before this is answered.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// Makes the file where there is none, for the server's eyes only: it holds hashes of passwords (ASVS 13.3.1). What SQLite puts beside
/// it gets the same mode.
fn make(file: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// SQLite's own number for what went wrong, without what its extended ones add (sqlite.org/rescode.html).
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    Some(error.as_database_error()?.code()?.parse::<u32>().ok()? & 0xff)
}

/// Whether somebody else keeps it locked: `SQLITE_BUSY` or `SQLITE_LOCKED`.
pub(crate) fn is_locked(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(5 | 6))
}

/// Whether the file is damaged, or no database: `SQLITE_CORRUPT` or `SQLITE_NOTADB`.
pub(crate) fn is_broken(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(11 | 26))
}

/// What helps against an error, where that can be told.
fn cure(error: &anyhow::Error, file: &Path) -> Option<&'static str> {
    if error.chain().any(|cause| matches!(cause.downcast_ref(), Some(MigrateError::VersionMissing(_)))) {
        return Some("a newer version of the server has made it; start that one, or restore a backup");
    }
    if error.chain().any(|cause| cause.downcast_ref().is_some_and(is_broken)) {
        return Some("it is damaged or none; restore a backup, or move it away to begin anew");
    }
    let closed = file.exists() && fs::OpenOptions::new().append(true).open(file).is_err();
    closed.then_some("it may not be written to; give the server's user the right to, for its folder too")
}

/// The file that was opened. Whoever removes or replaces it leaves the server with one that has no name any more: what is written there
/// is lost when the server ends. So nothing is answered from it then.
#[derive(Debug)]
pub struct DatabaseFile {
    path: PathBuf,
    opened: Option<Identity>,
    /// Whether it is known, and logged, that it is not in its place.
    gone: AtomicBool,
}

/// What tells one file from another, whatever its name.
type Identity = (u64, u64);

impl DatabaseFile {
    /// The file of a database that was just opened.
    #[must_use]
    pub fn of(db: &Database) -> Self {
        let path = db.writer().connect_options().get_filename().to_owned();
        let opened = identity(&path).ok();
        Self { path, opened, gone: AtomicBool::new(false) }
    }

    /// Whether it is where it was. A look at the folder, in memory: a microsecond or two.
    pub fn is_in_place(&self) -> bool {
        // Where it could not be told in the first place nobody knows.
        let in_place = self.opened.is_none() || identity(&self.path).ok() == self.opened;
        if in_place == self.gone.load(Ordering::Relaxed) {
            self.gone.store(!in_place, Ordering::Relaxed);
            self.log(in_place);
        }
        in_place
    }

    fn log(&self, in_place: bool) {
        let path = self.path.display();
        if in_place {
            tracing::info!(%path, "the database's file is back");
        } else {
            tracing::error!(
                %path,
                "the database's file was removed or replaced: put it back, or restart the server to go on with what is there"
            );
        }
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;

    let file = fs::metadata(path)?;
    Ok((file.dev(), file.ino()))
}

/// Elsewhere a file that is open cannot be removed.
#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|_| (0, 0))
}

/// The middleware that answers by 503 while the file is not in its place. What was written while it was removed is not said to be kept.
pub async fn in_place(State(file): State<Arc<DatabaseFile>>, request: Request, next: Next) -> Response {
    let (writes, headers) = (!request.method().is_safe(), request.headers().clone());
    if !file.is_in_place() {
        return failure::respond(&AppError::Unavailable, &headers);
    }
    let response = next.run(request).await;
    if writes && !file.is_in_place() {
        return failure::respond(&AppError::Unavailable, &headers);
    }
    response
}
