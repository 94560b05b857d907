//! Rows to domain values. A value that cannot be is named by table, column and row, never guessed.

use std::{borrow::Cow, str::FromStr};

use countersign_approval::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::{Row as _, TypeInfo as _, ValueRef as _};

use super::{connection::Row, text};
use crate::fault::Fault;

/// The cells of one row, read with the name of what they belong to.
pub(crate) struct Cells<'r> {
    row: &'r Row,
    table: &'static str,
    id: Cow<'r, str>,
}

impl<'r> Cells<'r> {
    /// The cells of a row whose id is in a text column.
    pub(crate) fn of(row: &'r Row, table: &'static str, id_column: &'static str) -> Result<Self, Fault> {
        let id = row.text(id_column).ok().flatten().ok_or_else(|| Fault::Inconsistent {
            table,
            column: id_column,
            row: "unreadable id".to_owned(),
        })?;
        Ok(Self { row, table, id })
    }

    /// The cells of a row that has no id in text.
    pub(crate) fn anonymous(row: &'r Row, table: &'static str, id: &'r str) -> Self {
        Self { row, table, id: Cow::Borrowed(id) }
    }

    /// That this column cannot be.
    pub(crate) fn wrong(&self, column: &'static str) -> Fault {
        Fault::Inconsistent { table: self.table, column, row: self.id.clone().into_owned() }
    }

    pub(crate) fn text(&self, column: &'static str) -> Result<Cow<'r, str>, Fault> {
        self.row.text(column).ok().flatten().ok_or_else(|| self.wrong(column))
    }

    pub(crate) fn optional_text(&self, column: &'static str) -> Result<Option<Cow<'r, str>>, Fault> {
        self.row.text(column).map_err(|_| self.wrong(column))
    }

    pub(crate) fn integer(&self, column: &'static str) -> Result<i64, Fault> {
        self.row.integer(column).ok().flatten().ok_or_else(|| self.wrong(column))
    }

    pub(crate) fn optional_integer(&self, column: &'static str) -> Result<Option<i64>, Fault> {
        self.row.integer(column).map_err(|_| self.wrong(column))
    }

    pub(crate) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, Fault> {
        T::try_from(self.integer(column)?).map_err(|_| self.wrong(column))
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp, Fault> {
        self.integer(column).map(Timestamp::from_micros)
    }

    pub(crate) fn optional_time(&self, column: &'static str) -> Result<Option<Timestamp>, Fault> {
        Ok(self.optional_integer(column)?.map(Timestamp::from_micros))
    }

    /// Yes or no: 0 or 1, or the answer of an `EXISTS`.
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
        serde_json::from_str(&self.text(column)?).map_err(|_| self.wrong(column))
    }
}

/// A cell that is not what it should be.
pub(crate) struct Unreadable;

impl From<sqlx::Error> for Unreadable {
    fn from(_: sqlx::Error) -> Self {
        Self
    }
}

/// Reading by column.
impl Row {
    pub(crate) fn text(&self, column: &str) -> Result<Option<Cow<'_, str>>, Unreadable> {
        match self {
            Self::Sqlite(row) => Ok(row.try_get::<Option<&str>, _>(column)?.map(Cow::Borrowed)),
            Self::Postgres(row) => {
                let kept = row.try_get::<Option<&str>, _>(column)?;
                kept.map(|kept| text::read(kept).ok_or(Unreadable)).transpose()
            }
        }
    }

    /// PostgreSQL answers small constants in four bytes, and `EXISTS` as a truth.
    pub(crate) fn integer(&self, column: &str) -> Result<Option<i64>, Unreadable> {
        match self {
            Self::Sqlite(row) => Ok(row.try_get(column)?),
            Self::Postgres(row) => match row.try_get_raw(column)?.type_info().name() {
                "INT4" => Ok(row.try_get::<Option<i32>, _>(column)?.map(i64::from)),
                "BOOL" => Ok(row.try_get::<Option<bool>, _>(column)?.map(i64::from)),
                _ => Ok(row.try_get(column)?),
            },
        }
    }

    pub(crate) fn bytes(&self, column: &str) -> Result<Option<Vec<u8>>, Unreadable> {
        match self {
            Self::Sqlite(row) => Ok(row.try_get(column)?),
            Self::Postgres(row) => Ok(row.try_get(column)?),
        }
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
