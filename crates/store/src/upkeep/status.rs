//! Looking at a database.

use super::{
    direct::Direct,
    error::{UpkeepError, doing},
    tables::{TABLES, count, there},
};
use crate::{
    fault::Fault,
    location::Location,
    postgres::schema::MIGRATIONS,
    records::connection::{Sql, query},
};

const SERVER: Sql = Sql {
    sqlite: "SELECT 'SQLite ' || sqlite_version() AS server",
    postgres: "SELECT 'PostgreSQL ' || current_setting('server_version') AS server",
};

/// How a database stands.
#[derive(Clone, Debug)]
pub struct Status {
    /// Where it is.
    pub location: Location,
    /// What keeps it, with its version.
    pub server: String,
    /// The version of its schema; 0 where there is none yet.
    pub schema: usize,
    /// The version that this program knows.
    pub known: usize,
    /// Its tables and how many rows each has.
    pub tables: Vec<(&'static str, u64)>,
}

/// Looks at a database that is there, and changes nothing.
pub async fn status(location: &Location) -> Result<Status, UpkeepError> {
    let mut direct = Direct::reading(location).await?;
    let schema = direct.schema(location).await?;
    let (server, tables) = look(&mut direct).await.map_err(doing("look at the database"))?;
    direct.close().await;
    Ok(Status { location: location.clone(), server, schema, known: MIGRATIONS.len(), tables })
}

async fn look(direct: &mut Direct) -> Result<(String, Vec<(&'static str, u64)>), Fault> {
    let row = query(SERVER).fetch_one(&mut direct.connection()).await?;
    let server = row.text("server").ok().flatten().unwrap_or_default().into_owned();
    let found = there(direct).await?;
    let mut tables = Vec::new();
    for table in TABLES.iter().filter(|table| found.iter().any(|found| found == *table)) {
        tables.push((*table, count(direct, table).await?));
    }
    Ok((server, tables))
}
