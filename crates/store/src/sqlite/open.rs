//! Opening a database file.

use std::{fs::OpenOptions, io::ErrorKind, path::Path, time::Duration};

use sqlx::{
    ConnectOptions as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous},
};

use super::schema;
use crate::open_error::{OpenError, SchemaError};

/// How long a statement waits for another process that holds the file, e.g. a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pause between two tries to turn the write-ahead log on.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// More than the statements there are: each is prepared once for a connection.
const STATEMENT_CACHE: usize = 128;

/// Connections for reading. They are opened when they are needed first.
const READERS: u32 = 3;

/// How long a read waits for one of them.
const READER_TIMEOUT: Duration = Duration::from_secs(10);

/// The connection that writes, with the schema up to date, and those that read.
pub(super) async fn open(path: &Path) -> Result<(SqliteConnection, SqlitePool), OpenError> {
    // Absolute, so that no name is taken for a `file:` URI or for `:memory:`.
    let path = std::path::absolute(path).map_err(|source| OpenError::File { path: path.to_owned(), source })?;
    create(&path).map_err(|source| OpenError::File { path: path.clone(), source })?;
    let writer = connect(&options(&path)).await.map_err(|error| error.of(&path))?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(READER_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_lazy_with(options(&path).read_only(true));
    Ok((writer, readers))
}

/// One connection to a file that is there, for reading only; or for writing too, as the writer of a store has it.
pub(crate) async fn connect_directly(path: &Path, access: Access) -> Result<SqliteConnection, OpenError> {
    let found = std::path::absolute(path).and_then(|path| path.metadata().map(|_| path));
    let path = found.map_err(|source| OpenError::File { path: path.to_owned(), source })?;
    let options = options(&path).read_only(access == Access::Reading);
    options.connect().await.map_err(|error| SchemaError::Sql(error).of(&path))
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Reading,
    Writing,
}

/// Creates the file for its owner alone, unless it is there. SQLite gives its companions (`-wal`, `-shm`) the same
/// permissions. A file that is there is not touched: closing it would take away the locks that another connection of this
/// process has on it (sqlite.org/howtocorrupt.html, 2.2).
fn create(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(STATEMENT_CACHE)
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging()
}

async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, SchemaError> {
    let mut conn = options.connect().await?;
    // The journal's mode is a change of the file, so it comes after the look at whose file it is.
    schema::migrate(&mut conn).await?;
    write_ahead(&mut conn).await?;
    Ok(conn)
}

/// Turns the write-ahead log on. While another connection looks at a fresh file, SQLite refuses this at once instead of
/// waiting for [`BUSY_TIMEOUT`], so that the waiting is done here.
async fn write_ahead(conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mut waited = Duration::ZERO;
    loop {
        match sqlx::query("PRAGMA journal_mode = WAL").execute(&mut *conn).await {
            Err(error) if is_busy(&error) && waited < BUSY_TIMEOUT => {
                tokio::time::sleep(BUSY_PAUSE).await;
                waited += BUSY_PAUSE;
            }
            done => return done.map(drop),
        }
    }
}

/// `SQLITE_BUSY`, with or without a reason in the upper bits (sqlite.org/rescode.html).
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_commit_is_flushed_and_schemas_are_not_trusted() {
        let directory = tempfile::tempdir().unwrap();
        let (mut writer, readers) = open(&directory.path().join("x.db")).await.unwrap();
        let expected = [
            ("PRAGMA synchronous", 2),
            ("PRAGMA foreign_keys", 1),
            ("PRAGMA trusted_schema", 0),
            ("PRAGMA busy_timeout", 5000),
        ];
        for (pragma, value) in expected {
            let found: i64 = sqlx::query_scalar(pragma).fetch_one(&mut writer).await.unwrap();
            assert_eq!(found, value, "{pragma}");
        }
        let refused = sqlx::query("DELETE FROM request").execute(&readers).await;
        assert!(refused.is_err(), "a reader cannot write");
    }
}
