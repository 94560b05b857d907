//! The rows of one table, from one database into the other.

use futures_util::TryStreamExt as _;

use super::{
    direct::Direct,
    tables::{Column, Kind, columns},
};
use crate::{
    fault::Fault,
    records::{
        Row,
        connection::{Value, query_built},
    },
};

/// Rows in one statement. Both databases take more parameters than this makes.
const ROWS: usize = 64;

/// Most bytes in one statement, if it has several rows: a request may be megabytes.
const BYTES: usize = 4 << 20;

/// Rows that wait for their statement.
struct Inserts<'t> {
    table: &'static str,
    columns: &'t [Column],
    values: Vec<Value>,
    rows: usize,
    bytes: usize,
}

/// Copies every row of a table.
pub(super) async fn copy_table(from: &mut Direct, to: &mut Direct, table: &'static str) -> Result<(), Fault> {
    let columns = columns(from, table).await?;
    let mut inserts = Inserts { table, columns: &columns, values: Vec::new(), rows: 0, bytes: 0 };
    let mut rows = from.stream(format!("SELECT {} FROM {table}", names(&columns)));
    while let Some(row) = rows.try_next().await? {
        inserts.add(&row)?;
        if inserts.rows == ROWS || inserts.bytes > BYTES {
            inserts.flush(to).await?;
        }
    }
    inserts.flush(to).await
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

impl Inserts<'_> {
    fn add(&mut self, row: &Row) -> Result<(), Fault> {
        for column in self.columns {
            let value = value(row, column).ok_or_else(|| Fault::Inconsistent {
                table: self.table,
                column: "(one that cannot be read)",
                row: column.name.clone(),
            })?;
            self.bytes += match &value {
                Value::Text(Some(text)) => text.len(),
                Value::Bytes(Some(bytes)) => bytes.len(),
                _ => 8,
            };
            self.values.push(value);
        }
        self.rows += 1;
        Ok(())
    }

    async fn flush(&mut self, to: &mut Direct) -> Result<(), Fault> {
        if self.rows == 0 {
            return Ok(());
        }
        let statement = insert(self.table, self.columns, self.rows);
        let values = std::mem::take(&mut self.values);
        query_built(statement).bind_all(values).execute(&mut to.connection()).await?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }
}

/// Only names from the schema and places of parameters.
fn insert(table: &str, columns: &[Column], rows: usize) -> String {
    let row = |row: usize| {
        let places: Vec<String> =
            (1..=columns.len()).map(|place| format!("${}", row * columns.len() + place)).collect();
        format!("({})", places.join(", "))
    };
    let values: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO {table} ({}) VALUES {}", names(columns), values.join(", "))
}

fn value(row: &Row, column: &Column) -> Option<Value> {
    let name = column.name.as_str();
    Some(match column.kind {
        Kind::Text => Value::Text(row.text(name).ok()?.map(Into::into)),
        Kind::Integer => Value::Integer(row.integer(name).ok()?),
        Kind::Bytes => Value::Bytes(row.bytes(name).ok()?),
    })
}
