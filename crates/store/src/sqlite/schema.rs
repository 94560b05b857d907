//! Migrations: forward only, each once, all in one transaction.
//!
//! `PRAGMA user_version` is the number of migrations that were applied; it lies in the file's header, so that looking
//! costs nothing at the start of the program. `PRAGMA application_id` says whose file it is.

use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};

use crate::open_error::SchemaError;

/// `CSGN`: a file with another application's mark is not ours to change.
const APPLICATION_ID: i64 = 0x4353_474e;

pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_core.sql"),
    include_str!("../../migrations/sqlite/0002_access.sql"),
    include_str!("../../migrations/sqlite/0003_gateway.sql"),
    include_str!("../../migrations/sqlite/0004_inbox_node.sql"),
];

const LOOK: &str = "SELECT v.user_version, a.application_id FROM pragma_user_version v, pragma_application_id a";

/// Brings the schema up to date. Refuses a file of a newer program, or of another one.
pub(crate) async fn migrate(conn: &mut SqliteConnection) -> Result<(), SchemaError> {
    if applied(conn).await? == MIGRATIONS.len() {
        return Ok(());
    }
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await?;
    // Somebody else may have migrated while we waited.
    let applied = applied(&mut transaction).await?;
    for migration in MIGRATIONS.iter().skip(applied) {
        sqlx::raw_sql(*migration).execute(&mut *transaction).await?;
    }
    let marks = format!("PRAGMA user_version = {}; PRAGMA application_id = {APPLICATION_ID}", MIGRATIONS.len());
    // Pragmas take no parameters; both numbers are constants of this file.
    sqlx::raw_sql(AssertSqlSafe(marks)).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}

/// The version of the schema; 0 where there is none yet.
pub(crate) async fn applied(conn: &mut SqliteConnection) -> Result<usize, SchemaError> {
    let row = sqlx::query(LOOK).fetch_one(conn).await?;
    let (version, application): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    if application != APPLICATION_ID && (application, version) != (0, 0) {
        return Err(SchemaError::Foreign);
    }
    match usize::try_from(version) {
        Ok(version) if version <= MIGRATIONS.len() => Ok(version),
        _ => Err(SchemaError::Newer { found: version, known: MIGRATIONS.len() }),
    }
}
