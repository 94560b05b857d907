//! Copying a database: everything or nothing, from one state of it, proven where it arrived.

use countersign_approval::audit::{Link, Verifier};

use super::{
    direct::Direct,
    error::{UpkeepError, doing},
    inserts::copy_table,
    migrate::migrate,
    tables::{TABLES, count},
};
use crate::{
    fault::Fault,
    location::Location,
    postgres::schema::MIGRATIONS,
    records::{
        audit,
        connection::{Connection, query, query_built},
    },
};

/// Rows of the audit trail that are read at once.
const PAGE: u32 = 1000;

const IDENTITIES: &str = "SELECT table_name::text AS name FROM information_schema.columns \
     WHERE table_schema = current_schema() AND is_identity = 'YES' AND column_name = 'id'";

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Every table and how many rows of it were copied, and counted where they arrived.
    pub tables: Vec<(&'static str, u64)>,
    /// The end of the audit trail that was proven there: how many rows, and the last link.
    pub trail: Option<(u64, Link)>,
    /// Rows of the trail that were not linked yet.
    pub unchained: u64,
}

/// Copies a database into an empty one, of either kind. What is copied is one state of it; what is written to it meanwhile
/// is not. It is kept only when every row has arrived and the audit trail, as it arrived, holds.
pub async fn copy(from: &Location, to: &Location) -> Result<Copied, UpkeepError> {
    let mut source = Direct::reading(from).await?;
    let found = source.schema(from).await?;
    if found != MIGRATIONS.len() {
        return Err(UpkeepError::Outdated { location: from.clone(), found, known: MIGRATIONS.len() });
    }
    migrate(to).await?;
    let mut target = Direct::writing(to).await?;
    let begin_view = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned();
    source.control("BEGIN".to_owned(), begin_view).await.map_err(doing("begin to read"))?;
    let lock = format!("BEGIN; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", TABLES.join(", "));
    target.control("BEGIN IMMEDIATE".to_owned(), lock).await.map_err(doing("begin to write"))?;
    let copied = copy_all(&mut source, &mut target, to).await?;
    target.control("COMMIT".to_owned(), "COMMIT".to_owned()).await.map_err(doing("keep what was copied"))?;
    target.close().await;
    source.close().await;
    Ok(copied)
}

async fn copy_all(source: &mut Direct, target: &mut Direct, to: &Location) -> Result<Copied, UpkeepError> {
    for table in TABLES {
        let rows = count(target, table).await.map_err(doing("look at the database"))?;
        if rows > 0 {
            return Err(UpkeepError::NotEmpty { location: to.clone(), table, rows });
        }
    }
    let mut tables = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        tables.push((*table, copy_and_count(source, target, table).await?));
    }
    continue_numbers(target).await.map_err(doing("go on with the numbers of rows"))?;
    let (trail, unchained) = prove(&mut target.connection()).await?;
    Ok(Copied { tables, trail, unchained })
}

async fn copy_and_count(source: &mut Direct, target: &mut Direct, table: &'static str) -> Result<u64, UpkeepError> {
    let failed = |fault: Fault| UpkeepError::Table { table, source: fault.while_doing("copy its rows") };
    let expected = count(source, table).await.map_err(failed)?;
    copy_table(source, target, table).await.map_err(failed)?;
    let found = count(target, table).await.map_err(failed)?;
    if expected == found { Ok(found) } else { Err(UpkeepError::Miscounted { table, expected, found }) }
}

/// Has PostgreSQL number new rows behind those that came with numbers. SQLite does so by itself.
async fn continue_numbers(target: &mut Direct) -> Result<(), Fault> {
    let mut conn = target.connection();
    let Connection::Postgres(_) = conn else { return Ok(()) };
    for row in query(IDENTITIES).fetch_all(&mut conn).await? {
        let table = row.text("name").ok().flatten().unwrap_or_default();
        let last = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 1), max(id) IS NOT NULL) FROM {table}"
        );
        query_built(last).execute(&mut conn).await?;
    }
    Ok(())
}

async fn prove(conn: &mut Connection<'_>) -> Result<(Option<(u64, Link)>, u64), UpkeepError> {
    let reading = doing("read the audit trail");
    let heads = audit::heads(conn, u32::MAX).await.map_err(&reading)?;
    let mut verifier = Verifier::expecting(heads.iter().map(|head| (head.seq, head.link)).collect());
    let mut after = 0;
    loop {
        let page = audit::page(conn, after, PAGE).await.map_err(&reading)?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for row in &page {
            verifier.push(row)?;
        }
    }
    Ok((verifier.finish()?, audit::unchained(conn).await.map_err(&reading)?))
}
