//! Backs up the database while the server runs, and restores a backup while it is stopped. If anything fails, the current database is
//! unchanged, and no file is ever overwritten.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Subcommand;
use sqlx::{
    Connection, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode},
};
use time::{OffsetDateTime, macros::format_description};

use crate::{
    Settings,
    database::{self, MIGRATIONS, is_broken, is_locked},
    operator::{end_all_sessions, opened, say},
};

/// The files that SQLite creates beside a database in use. They remain after a crash.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Commands for the whole database.
#[derive(Debug, Subcommand)]
pub enum DatabaseCommand {
    /// Write a backup of the database to a new file, while the server runs or not.
    Backup {
        /// The new file. It contains all data: keep it as safe as the database.
        file: PathBuf,
    },
    /// Replace the database by a backup, while the server is stopped. All sessions end.
    Restore {
        /// A file that `backup` has written. It is not changed.
        file: PathBuf,
    },
}

/// Runs a command, and prints what was done. A command that fails leaves the database unchanged.
pub async fn run(command: DatabaseCommand, settings: &Settings) -> anyhow::Result<()> {
    let present = database::options(&settings.database)?.get_filename().to_owned();
    match command {
        DatabaseCommand::Backup { file } => backup(&present, &file).await,
        DatabaseCommand::Restore { file } => restore(&present, &file, settings).await,
    }
}

async fn backup(present: &Path, file: &Path) -> anyhow::Result<()> {
    if !present.exists() {
        bail!("there is no database {} (DATABASE_URL)", present.display());
    }
    if file.exists() {
        bail!("{} exists already: give the name of a new file", file.display());
    }
    let context = || format!("cannot write the backup {}", file.display());
    let part = PartialFile::create(with_suffix(file, ".part")).with_context(context)?;
    let path = part.path.to_str().context("the name of the file is not in UTF-8")?;
    // One transaction that only reads: in WAL mode it blocks no other connection, and sees no partial change.
    let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(present))
        .await
        .with_context(|| format!("cannot open the database {} (DATABASE_URL)", present.display()))?;
    sqlx::query("vacuum into $1").bind(path).execute(&mut connection).await.with_context(context)?;
    connection.close().await?;
    part.become_file(file).with_context(context)?;
    say(format_args!("wrote the backup {}", file.display()))
}

async fn restore(present: &Path, file: &Path, settings: &Settings) -> anyhow::Result<()> {
    let same = |path: &Path| fs::canonicalize(path).ok();
    if same(file).is_some() && same(file) == same(present) {
        bail!("{} is the database itself: give the name of a backup", file.display());
    }
    if is_in_use(file) {
        bail!("{} is a database in use and no backup: make one by `database backup`", file.display());
    }
    // Held until the end, so that no server can start meanwhile.
    let lock = lock(present).await?;
    let replaced = replace(present, file, settings, lock.is_some()).await;
    if let Some(lock) = lock {
        lock.close().await?;
    }
    let (ended, aside) = replaced.with_context(|| format!("cannot restore {}", file.display()))?;
    say(format_args!("restored {} and ended all {ended} sessions in it", file.display()))?;
    aside.map_or(Ok(()), |aside| say(format_args!("the database from before is now {}", aside.display())))
}

/// Prepares the new database beside the current one, then replaces it. Returns the number of sessions that were ended in the new one, and
/// the new name of the current one.
async fn replace(
    present: &Path,
    file: &Path,
    settings: &Settings,
    locked: bool,
) -> anyhow::Result<(usize, Option<PathBuf>)> {
    if let Some(folder) = folder(present) {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create the folder {}", folder.display()))?;
    }
    let part = PartialFile::create(with_suffix(present, ".restoring"))?;
    io::copy(&mut File::open(file)?, &mut OpenOptions::new().write(true).open(&part.path)?)?;
    check(&part.path).await?;

    let db = database::open_with(database::options(&settings.database)?.filename(&part.path)).await?;
    let (db, sessions) = opened(db, settings).await?;
    // A session that has ended since the backup must not be valid again.
    let ended = end_all_sessions(&db, &sessions).await?;
    // Everything must be in the one file, because the files beside it are not moved.
    let settled: (i64, i64, i64) =
        sqlx::query_as("pragma wal_checkpoint(truncate)").fetch_one(db.writer()).await?;
    db.close().await;
    if settled != (0, 0, 0) {
        bail!("another process has {} open", part.path.display());
    }
    let aside = put_aside(present, locked)?;
    part.become_file(present)?;
    Ok((ended, aside))
}

/// Locks the database, or fails if another process has it open.
async fn lock(present: &Path) -> anyhow::Result<Option<SqliteConnection>> {
    if !present.exists() {
        return Ok(None);
    }
    let options = SqliteConnectOptions::new()
        .filename(present)
        .busy_timeout(std::time::Duration::ZERO)
        .locking_mode(SqliteLockingMode::Exclusive)
        // Only the last connection can leave WAL mode. SQLite then moves the content of the log into the file.
        .journal_mode(SqliteJournalMode::Delete);
    let locked = async {
        let mut connection = SqliteConnection::connect_with(&options).await?;
        sqlx::query("begin exclusive").execute(&mut connection).await?;
        sqlx::query("rollback").execute(&mut connection).await?;
        Ok(connection)
    };
    match locked.await {
        Ok(connection) => Ok(Some(connection)),
        // A broken database cannot be in use. It may be the reason for the restore.
        Err(error) if is_broken(&error) => Ok(None),
        Err(error) if is_locked(&error) => {
            bail!("the database {} is in use: stop the server first", present.display())
        }
        Err(error) => Err(error)
            .with_context(|| format!("cannot open the database {} (DATABASE_URL)", present.display())),
    }
}

/// Whether a file is an intact database of this app, of this version or an older one.
async fn check(file: &Path) -> anyhow::Result<()> {
    let read = async {
        let mut connection =
            SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await?;
        let problem: String =
            sqlx::query_scalar("pragma integrity_check(1)").fetch_one(&mut connection).await?;
        let known: i64 =
            sqlx::query_scalar("select count(*) from sqlite_schema where name = '_sqlx_migrations'")
                .fetch_one(&mut connection)
                .await?;
        let mut migrations = Vec::new();
        if problem == "ok" && known == 1 {
            let rows = sqlx::query("select version, checksum from _sqlx_migrations");
            for row in rows.fetch_all(&mut connection).await? {
                migrations.push((row.try_get("version")?, row.try_get("checksum")?));
            }
        }
        connection.close().await?;
        Ok((problem, migrations))
    };
    match read.await {
        Err(error) if is_broken(&error) => bail!("it is damaged or not a database: take another backup"),
        Err(error) => Err(error.into()),
        Ok((problem, _)) if problem != "ok" => {
            let problem = problem.lines().last().unwrap_or_default();
            bail!("it is damaged ({problem}): take another backup")
        }
        Ok((_, migrations)) => check_migrations(&migrations),
    }
}

/// Fails unless the migrations that created a database are migrations of this app.
fn check_migrations(migrations: &[(i64, Vec<u8>)]) -> anyhow::Result<()> {
    let newest = MIGRATIONS.iter().map(|migration| migration.version).max();
    if migrations.iter().any(|(version, _)| Some(*version) > newest) {
        bail!("it was created by a newer version of the server: restore it with that version");
    }
    let ours = |(version, checksum): &(i64, Vec<u8>)| {
        MIGRATIONS.iter().any(|known| known.version == *version && known.checksum == *checksum)
    };
    if migrations.is_empty() || !migrations.iter().all(ours) {
        bail!("it is not a database of this app: take a file that `database backup` has written");
    }
    Ok(())
}

/// Renames the current database, so that it can be restored. If it is not `locked`, the files beside it are renamed too: they would damage
/// the new database.
fn put_aside(present: &Path, locked: bool) -> anyhow::Result<Option<PathBuf>> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let now = OffsetDateTime::now_utc().format(format)?;
    let aside = with_suffix(present, &format!(".before-{now}"));
    if aside.exists() {
        bail!("{} exists already: try again in a second", aside.display());
    }
    for companion in COMPANIONS {
        let from = with_suffix(present, companion);
        if !locked && from.exists() {
            fs::rename(&from, with_suffix(&aside, companion))?;
        }
    }
    if !present.exists() {
        return Ok(None);
    }
    // A hard link first: the database is never missing, so no server creates an empty one in its place.
    fs::hard_link(present, &aside).or_else(|_| fs::rename(present, &aside))?;
    Ok(Some(aside))
}

/// A file that is being written, readable by its owner only. It is deleted when this is dropped before the end.
struct PartialFile {
    path: PathBuf,
}

impl PartialFile {
    fn create(path: PathBuf) -> anyhow::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(_) => Ok(Self { path }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                bail!(
                    "{} exists: another command is running, or it was interrupted and you can delete the file",
                    path.display()
                )
            }
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    /// Renames the file after it is on the disk.
    fn become_file(self, file: &Path) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        fs::rename(&self.path, file)?;
        // The new name has to be on the disk too.
        #[cfg(unix)]
        File::open(folder(file).unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(())
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        for companion in COMPANIONS.iter().chain([&""]) {
            // Usually they are gone already.
            let _ = fs::remove_file(with_suffix(&self.path, companion));
        }
    }
}

/// Whether SQLite's files are beside a database.
fn is_in_use(file: &Path) -> bool {
    COMPANIONS.iter().any(|companion| with_suffix(file, companion).exists())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn folder(file: &Path) -> Option<&Path> {
    file.parent().filter(|folder| *folder != Path::new(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migrations() -> Vec<(i64, Vec<u8>)> {
        MIGRATIONS.iter().map(|step| (step.version, step.checksum.to_vec())).collect()
    }

    #[test]
    fn a_database_is_recognized_by_its_migrations() {
        assert!(check_migrations(&migrations()).is_ok());
        assert!(check_migrations(&migrations()[..1]).is_ok(), "an older database is migrated");
        let mut others = migrations();
        others[0].1[0] ^= 1;
        assert!(check_migrations(&others).unwrap_err().to_string().contains("not a database of this app"));
        assert!(check_migrations(&[]).unwrap_err().to_string().contains("not a database of this app"));
        let newer = [migrations(), vec![(9_999, Vec::new())]].concat();
        assert!(check_migrations(&newer).unwrap_err().to_string().contains("newer version"));
    }

    #[test]
    fn the_files_beside_a_database_are_renamed_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let present = folder.path().join("a.db");
        let log = with_suffix(&present, "-wal");
        fs::write(&log, "log").unwrap();
        assert_eq!(put_aside(&present, false).unwrap(), None);
        assert!(!log.exists(), "the log of a database that is gone");

        let present = folder.path().join("b.db");
        fs::write(&present, "old").unwrap();
        fs::write(with_suffix(&present, "-wal"), "log").unwrap();
        let aside = put_aside(&present, false).unwrap().unwrap();
        assert_eq!(fs::read_to_string(&aside).unwrap(), "old");
        assert_eq!(fs::read_to_string(with_suffix(&aside, "-wal")).unwrap(), "log");
        assert!(!is_in_use(&present));
    }
}
