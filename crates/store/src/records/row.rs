//! Rows to domain values. A value that cannot be is named by table, column and row, never guessed.

use std::str::FromStr;

use countersign_approval::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::Row as _;

use super::Row;
use crate::fault::Fault;

/// The cells of one row, read with the name of what they belong to.
pub(crate) struct Cells<'r> {
    row: &'r Row,
    table: &'static str,
    id: &'r str,
}

impl<'r> Cells<'r> {
    /// The cells of a row whose id is in a text column.
    pub(crate) fn of(row: &'r Row, table: &'static str, id_column: &'static str) -> Result<Self, Fault> {
        let id = row.try_get::<&str, _>(id_column).map_err(|_| Fault::Inconsistent {
            table,
            column: id_column,
            row: "unreadable id".to_owned(),
        })?;
        Ok(Self { row, table, id })
    }

    /// The cells of a row that has no id in text.
    pub(crate) fn anonymous(row: &'r Row, table: &'static str, id: &'r str) -> Self {
        Self { row, table, id }
    }

    /// That this column cannot be.
    pub(crate) fn wrong(&self, column: &'static str) -> Fault {
        Fault::Inconsistent { table: self.table, column, row: self.id.to_owned() }
    }

    pub(crate) fn text(&self, column: &'static str) -> Result<&'r str, Fault> {
        self.row.try_get(column).map_err(|_| self.wrong(column))
    }

    pub(crate) fn optional_text(&self, column: &'static str) -> Result<Option<&'r str>, Fault> {
        self.row.try_get(column).map_err(|_| self.wrong(column))
    }

    pub(crate) fn integer(&self, column: &'static str) -> Result<i64, Fault> {
        self.row.try_get(column).map_err(|_| self.wrong(column))
    }

    pub(crate) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, Fault> {
        T::try_from(self.integer(column)?).map_err(|_| self.wrong(column))
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp, Fault> {
        self.integer(column).map(Timestamp::from_micros)
    }

    pub(crate) fn flag(&self, column: &'static str) -> Result<bool, Fault> {
        match self.integer(column)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.wrong(column)),
        }
    }

    pub(crate) fn parse<T: FromStr>(&self, column: &'static str) -> Result<T, Fault> {
        self.text(column)?.parse().map_err(|_| self.wrong(column))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, Fault> {
        serde_json::from_str(self.text(column)?).map_err(|_| self.wrong(column))
    }
}

/// A domain value as JSON text.
pub(crate) fn json<T: serde::Serialize>(
    value: &T,
    table: &'static str,
    column: &'static str,
    row: &str,
) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|_| Fault::Inconsistent { table, column, row: row.to_owned() })
}

/// A count as the database stores it. What is beyond `i64` is beyond every version and sequence there can be.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
