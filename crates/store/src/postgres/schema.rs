//! Migrations: forward only, each once, all in one transaction, by one node at a time.

use sqlx::{Connection as _, PgConnection};

use crate::open_error::SchemaError;

/// In the order of their numbers, which are those of SQLite's: a version means the same tables in both.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/postgres/0001_core.sql"),
    include_str!("../../migrations/postgres/0002_access.sql"),
    include_str!("../../migrations/postgres/0003_gateway.sql"),
    include_str!("../../migrations/postgres/0004_inbox_node.sql"),
];

const IS_OURS: &str = "SELECT to_regclass('countersign_schema') IS NOT NULL";
const LOOK: &str = "SELECT count(*), coalesce(max(version), 0) FROM countersign_schema";
const CREATE: &str = "CREATE TABLE IF NOT EXISTS countersign_schema \
     (version BIGINT PRIMARY KEY, applied_at TIMESTAMPTZ NOT NULL DEFAULT now())";
const APPLIED: &str = "INSERT INTO countersign_schema (version) VALUES ($1)";

/// Until the end of the transaction. The number is this lock's name: `CSGN`, 0.
const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(1129531214, 0)";

/// Brings the schema up to date; answers the version it had. Refuses one of a newer program.
pub(crate) async fn migrate(conn: &mut PgConnection) -> Result<usize, SchemaError> {
    let before = applied(conn).await?;
    if before == MIGRATIONS.len() {
        return Ok(before);
    }
    let mut transaction = conn.begin().await?;
    sqlx::query(ONE_AT_A_TIME).execute(&mut *transaction).await?;
    // Somebody else may have migrated while we waited. That is not asked by the table's name: what this connection remembers of
    // names is as old as its transaction, until it takes a lock on a table. Creating one takes it.
    sqlx::query(CREATE).execute(&mut *transaction).await?;
    let before = version(&mut transaction).await?;
    for (version, migration) in (1_i64..).zip(MIGRATIONS).skip(before) {
        sqlx::raw_sql(*migration).execute(&mut *transaction).await?;
        sqlx::query(APPLIED).bind(version).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(before)
}

/// The version of the schema; 0 where there is none yet.
pub(crate) async fn applied(conn: &mut PgConnection) -> Result<usize, SchemaError> {
    let ours: bool = sqlx::query_scalar(IS_OURS).fetch_one(&mut *conn).await?;
    if !ours {
        return Ok(0);
    }
    version(conn).await
}

async fn version(conn: &mut PgConnection) -> Result<usize, SchemaError> {
    let (rows, version): (i64, i64) = sqlx::query_as(LOOK).fetch_one(conn).await?;
    match usize::try_from(version) {
        Ok(known) if known <= MIGRATIONS.len() && rows == version => Ok(known),
        Ok(known) if known <= MIGRATIONS.len() => Err(SchemaError::Foreign),
        _ => Err(SchemaError::Newer { found: version, known: MIGRATIONS.len() }),
    }
}
