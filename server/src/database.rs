//! Opens the database: creates the file, configures the connections and runs the migrations.

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

/// The files of `migrations/`, compiled into the binary.
pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// The number of connections for reading, besides the one for writing. Measured: two halve the speed of a signed-in page, more than four
/// gain nothing.
const READERS: u32 = 4;

/// How long a statement waits for another writer before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the database, creating what is missing. Fails when the file cannot be created or read, is not a database, or was
/// migrated by a newer version of the app.
pub async fn open(url: &str) -> anyhow::Result<Database> {
    open_with(options(url)?).await
}

/// Parses `DATABASE_URL`.
pub(crate) fn options(url: &str) -> anyhow::Result<SqliteConnectOptions> {
    SqliteConnectOptions::from_str(url).context("DATABASE_URL cannot be read")
}

/// Like [`open`].
pub(crate) async fn open_with(options: SqliteConnectOptions) -> anyhow::Result<Database> {
    let file = options.get_filename().to_owned();
    connect(options).await.map_err(|error| match solution(&error, &file) {
        Some(solution) => anyhow!("{error:#}: {solution}"),
        None => error,
    })
}

async fn connect(options: SqliteConnectOptions) -> anyhow::Result<Database> {
    let file = options.get_filename().to_owned();
    let context = || format!("cannot open the database {} (DATABASE_URL)", file.display());
    if let Some(folder) = file.parent().filter(|folder| *folder != Path::new("")) {
        fs::create_dir_all(folder).with_context(context)?;
    }
    create(&file).with_context(context)?;
    let options = options
        // It exists now. If it is removed later, no connection may create an empty one in its place.
        .create_if_missing(false)
        // Readers and the writer do not wait for each other.
        .journal_mode(SqliteJournalMode::Wal)
        // Each commit is on the disk before the response: after a power cut no ended session is valid again, and no write is lost.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true);
    let pool = async |connections, options: &SqliteConnectOptions| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(BUSY_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            // A file does not disconnect, and a test before each use would double the calls of SQLite.
            .test_before_acquire(false)
            .after_release(|connection, _| Box::pin(is_usable(connection)))
            .connect_with(options.clone())
            .await
    };
    let writer: Pool = pool(1, &options).await.with_context(context)?;
    // SQLite has no lock for all migrations: when two servers start with a new file, one of them has to try again.
    let migrated = match MIGRATIONS.run(&writer).await {
        Err(_) => MIGRATIONS.run(&writer).await,
        done => done,
    };
    migrated.with_context(|| format!("cannot bring {} up to date", file.display()))?;
    Ok(Database::new(pool(READERS, &options).await.with_context(context)?, writer))
}

/// Whether a connection can be used again. After a failed commit, for example on a full disk, SQLite may have rolled back by itself. sqlx
/// does not notice this, and refuses to begin another transaction.
async fn is_usable(connection: &mut session::Connection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // A dropped transaction is rolled back before this returns.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// Creates the file if it is missing, readable by the server's user only: it contains hashes of passwords (ASVS 13.3.1). SQLite gives the
/// files beside it the same mode.
fn create(file: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        created => created.map(drop),
    }
}

/// The primary result code of SQLite, without the bits of an extended code (sqlite.org/rescode.html).
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    Some(error.as_database_error()?.code()?.parse::<u32>().ok()? & 0xff)
}

/// Whether another connection locks the database: `SQLITE_BUSY` or `SQLITE_LOCKED`.
pub(crate) fn is_locked(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(5 | 6))
}

/// Whether the file is damaged or not a database: `SQLITE_CORRUPT` or `SQLITE_NOTADB`.
pub(crate) fn is_broken(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(11 | 26))
}

/// The solution for an error, if it is known.
fn solution(error: &anyhow::Error, file: &Path) -> Option<&'static str> {
    if error.chain().any(|cause| matches!(cause.downcast_ref(), Some(MigrateError::VersionMissing(_)))) {
        return Some(
            "it was created by a newer version of the server; start that version, or restore a backup",
        );
    }
    if error.chain().any(|cause| cause.downcast_ref().is_some_and(is_broken)) {
        return Some(
            "it is damaged or not a database; restore a backup, or move it away to start with a new one",
        );
    }
    let closed = file.exists() && fs::OpenOptions::new().append(true).open(file).is_err();
    closed.then_some("it may not be written to; give the server's user write access to it and its folder")
}

/// The file that was opened. If it is removed or replaced, the server still writes to the old file, which has no name any more and is lost
/// when the server stops. So all requests are refused then.
#[derive(Debug)]
pub struct DatabaseFile {
    path: PathBuf,
    opened: Option<Identity>,
    /// Whether it was missing at the last check.
    missing: AtomicBool,
}

/// Device and inode: they identify a file independently of its name.
type Identity = (u64, u64);

impl DatabaseFile {
    /// The file of a database that was just opened.
    #[must_use]
    pub fn of(db: &Database) -> Self {
        let path = db.writer().connect_options().get_filename().to_owned();
        let opened = identity(&path).ok();
        Self { path, opened, missing: AtomicBool::new(false) }
    }

    /// Whether it is still in its place. One `stat`, which takes one or two microseconds.
    pub fn is_in_place(&self) -> bool {
        let in_place = self.opened.is_none() || identity(&self.path).ok() == self.opened;
        if in_place == self.missing.load(Ordering::Relaxed) {
            self.missing.store(!in_place, Ordering::Relaxed);
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

/// On other systems an open file cannot be removed.
#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|_| (0, 0))
}

/// The middleware that responds with 503 while the file is not in its place, also to a write during which it was removed.
pub async fn require_file(State(file): State<Arc<DatabaseFile>>, request: Request, next: Next) -> Response {
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
