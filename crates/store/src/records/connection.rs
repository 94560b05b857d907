//! One way to ask either database: statements, their parameters, and the rows they answer.
//!
//! The text of a statement is the same for both wherever both allow it; [`Sql`] holds two texts where they do not.
//! Statements are static: values travel as parameters, `$1` and so on.

use futures_util::TryStreamExt as _;
use sqlx::{
    Arguments as _, AssertSqlSafe, Either, Executor as _, PgConnection, Postgres, Sqlite, SqliteConnection,
    postgres::{PgArguments, PgRow},
    sqlite::{SqliteArguments, SqliteRow},
};

use super::{batch::Outcome, text};

/// The connection that statements run on, most of the time within a transaction.
pub(crate) enum Connection<'d> {
    /// SQLite's.
    Sqlite(&'d mut SqliteConnection),
    /// PostgreSQL's.
    Postgres(&'d mut PgConnection),
}

/// A row of their results.
pub(crate) enum Row {
    /// SQLite's.
    Sqlite(SqliteRow),
    /// PostgreSQL's.
    Postgres(PgRow),
}

/// The text of a statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sql {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl From<&'static str> for Sql {
    fn from(both: &'static str) -> Self {
        Self { sqlite: both, postgres: both }
    }
}

/// A text whose middle PostgreSQL alone has: how it locks the rows that it chooses. SQLite has one writer at a time.
macro_rules! locking {
    ($before:literal, $lock:literal, $after:literal) => {
        $crate::records::connection::Sql {
            sqlite: concat!($before, " ", $after),
            postgres: concat!($before, " ", $lock, " ", $after),
        }
    };
}
pub(crate) use locking;

/// A parameter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

macro_rules! values {
    ($($from:ty => $variant:ident, $convert:expr;)*) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant($convert(value))
            }
        })*
    };
}

values! {
    &str => Text, |value: &str| Some(value.to_owned());
    String => Text, Some;
    &String => Text, |value: &String| Some(value.clone());
    Option<&str> => Text, |value: Option<&str>| value.map(str::to_owned);
    Option<String> => Text, |value| value;
    i64 => Integer, Some;
    Option<i64> => Integer, |value| value;
    Vec<u8> => Bytes, Some;
}

/// A statement with its parameters.
pub(crate) struct Query {
    sql: Text,
    values: Vec<Value>,
}

enum Text {
    Fixed(Sql),
    Built(String),
}

/// A statement; its parameters follow by [`Query::bind`].
pub(crate) fn query(sql: impl Into<Sql>) -> Query {
    Query { sql: Text::Fixed(sql.into()), values: Vec::new() }
}

/// A statement that was put together from names of our own tables and columns, for both databases.
pub(crate) fn query_built(sql: String) -> Query {
    Query { sql: Text::Built(sql), values: Vec::new() }
}

impl Query {
    /// Adds the next parameter.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Adds the next parameters.
    pub(crate) fn bind_all(mut self, values: Vec<Value>) -> Self {
        self.values.extend(values);
        self
    }

    /// Runs it; answers how many rows it changed.
    pub(crate) async fn execute(self, conn: &mut Connection<'_>) -> Result<u64, sqlx::Error> {
        let outcome = self.run(conn).await?;
        Ok(outcome.changed)
    }

    /// Runs it; answers its rows.
    pub(crate) async fn fetch_all(self, conn: &mut Connection<'_>) -> Result<Vec<Row>, sqlx::Error> {
        let outcome = self.run(conn).await?;
        Ok(outcome.rows)
    }

    /// Runs it; answers its first row.
    pub(crate) async fn fetch_optional(self, conn: &mut Connection<'_>) -> Result<Option<Row>, sqlx::Error> {
        Ok(self.fetch_all(conn).await?.into_iter().next())
    }

    /// Runs it; answers its first row, which there must be.
    pub(crate) async fn fetch_one(self, conn: &mut Connection<'_>) -> Result<Row, sqlx::Error> {
        self.fetch_optional(conn).await?.ok_or(sqlx::Error::RowNotFound)
    }

    async fn run(self, conn: &mut Connection<'_>) -> Result<Outcome, sqlx::Error> {
        match conn {
            Connection::Sqlite(conn) => {
                let arguments = sqlite_arguments(self.values)?;
                let query = match self.sql {
                    Text::Fixed(sql) => sqlx::query_with(sql.sqlite, arguments),
                    Text::Built(sql) => sqlx::query_with(AssertSqlSafe(sql), arguments),
                };
                Ok(on_sqlite(conn, query).await?.pop().unwrap_or_default())
            }
            Connection::Postgres(conn) => {
                let arguments = postgres_arguments(self.values)?;
                let query = match self.sql {
                    Text::Fixed(sql) => sqlx::query_with(sql.postgres, arguments),
                    Text::Built(sql) => sqlx::query_with(AssertSqlSafe(sql), arguments),
                };
                on_postgres(conn, query).await
            }
        }
    }
}

/// Runs a text, of one statement or several, and answers what came of each.
pub(super) async fn on_sqlite(
    conn: &mut SqliteConnection,
    query: sqlx::query::Query<'_, Sqlite, SqliteArguments>,
) -> Result<Vec<Outcome>, sqlx::Error> {
    let mut steps = conn.fetch_many(query);
    let (mut outcomes, mut rows) = (Vec::new(), Vec::new());
    while let Some(step) = steps.try_next().await? {
        match step {
            Either::Right(row) => rows.push(Row::Sqlite(row)),
            Either::Left(done) => {
                outcomes.push(Outcome { changed: done.rows_affected(), rows: std::mem::take(&mut rows) });
            }
        }
    }
    Ok(outcomes)
}

/// Runs one statement.
pub(super) async fn on_postgres(
    conn: &mut PgConnection,
    query: sqlx::query::Query<'_, Postgres, PgArguments>,
) -> Result<Outcome, sqlx::Error> {
    let mut steps = conn.fetch_many(query);
    let mut outcome = Outcome::default();
    while let Some(step) = steps.try_next().await? {
        match step {
            Either::Right(row) => outcome.rows.push(Row::Postgres(row)),
            Either::Left(done) => outcome.changed += done.rows_affected(),
        }
    }
    Ok(outcome)
}

/// Values as SQLite takes them.
pub(super) fn sqlite_arguments(values: Vec<Value>) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        let added = match value {
            Value::Text(text) => arguments.add(text),
            Value::Integer(number) => arguments.add(number),
            Value::Bytes(bytes) => arguments.add(bytes),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// Values as PostgreSQL takes them.
pub(super) fn postgres_arguments(values: Vec<Value>) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    for value in values {
        let added = match value {
            Value::Text(written) => arguments.add(written.map(text::written)),
            Value::Integer(number) => arguments.add(number),
            Value::Bytes(bytes) => arguments.add(bytes),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}
