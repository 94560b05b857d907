//! Every table there is.

use super::direct::Direct;
use crate::{
    fault::Fault,
    records::connection::{Sql, query, query_built},
};

/// The tables, each after those that it refers to. A test holds it against both schemas.
pub(super) const TABLES: &[&str] = &[
    "person",
    "identity",
    "installation",
    "request",
    "vote",
    "request_grant",
    "outbox",
    "inbox",
    "connection",
    "agent",
    "policy",
    "setting",
    "access_token",
    "session",
    "revocation",
    "link_code",
    "node",
    "audit",
    "audit_head",
];

const THERE: Sql = Sql {
    sqlite: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    postgres: "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema() \
         AND tablename <> 'countersign_schema'",
};
const COLUMNS: Sql = Sql {
    sqlite: "SELECT name, type FROM pragma_table_info($1) ORDER BY name",
    postgres: "SELECT column_name::text AS name, data_type::text AS type FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name = $1 ORDER BY column_name::text COLLATE \"C\"",
};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Bytes,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// The tables that are in a database, known or not.
pub(super) async fn there(direct: &mut Direct) -> Result<Vec<String>, Fault> {
    let rows = query(THERE).fetch_all(&mut direct.connection()).await?;
    rows.iter().map(|row| row.text("name").ok().flatten().map(Into::into).ok_or_else(|| unknown("name", "?"))).collect()
}

/// The columns of a table, by name.
pub(super) async fn columns(direct: &mut Direct, table: &'static str) -> Result<Vec<Column>, Fault> {
    let rows = query(COLUMNS).bind(table).fetch_all(&mut direct.connection()).await?;
    rows.iter()
        .map(|row| {
            let text = |column| row.text(column).ok().flatten().ok_or_else(|| unknown(column, table));
            let name = text("name")?.into_owned();
            let kind = match text("type")?.as_ref() {
                "TEXT" | "text" => Kind::Text,
                "INTEGER" | "bigint" => Kind::Integer,
                "BLOB" | "bytea" => Kind::Bytes,
                _ => return Err(unknown("type", &name)),
            };
            Ok(Column { name, kind })
        })
        .collect()
}

/// How many rows a table has.
pub(super) async fn count(direct: &mut Direct, table: &'static str) -> Result<u64, Fault> {
    let rows = query_built(format!("SELECT count(*) AS rows FROM {table}")).fetch_one(&mut direct.connection()).await?;
    rows.integer("rows").ok().flatten().and_then(|rows| u64::try_from(rows).ok()).ok_or_else(|| unknown("rows", table))
}

fn unknown(column: &'static str, row: &str) -> Fault {
    Fault::Inconsistent { table: "the schema", column, row: row.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::Location;

    async fn shape(location: &Location) -> Vec<(String, Vec<Column>)> {
        crate::migrate(location).await.unwrap();
        let mut direct = Direct::reading(location).await.unwrap();
        let mut found = there(&mut direct).await.unwrap();
        found.sort();
        let mut known = TABLES.to_vec();
        known.sort_unstable();
        assert_eq!(found, known, "TABLES names every table");
        let mut shape = Vec::new();
        for table in known {
            shape.push((table.to_owned(), columns(&mut direct, table).await.unwrap()));
        }
        shape
    }

    #[tokio::test]
    async fn both_databases_have_the_same_tables_and_columns() {
        let directory = tempfile::tempdir().unwrap();
        let sqlite = shape(&Location::Sqlite(directory.path().join("x.db"))).await;
        assert!(sqlite.iter().all(|(_, columns)| !columns.is_empty()));
        let Some(url) = countersign_postgres_cluster::database().await else { return };
        assert_eq!(shape(&url.parse().unwrap()).await, sqlite);
        assert_eq!(crate::sqlite::schema::MIGRATIONS.len(), crate::postgres::schema::MIGRATIONS.len());
    }
}
