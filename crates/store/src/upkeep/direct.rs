//! One connection to a whole database, without a store around it.

use futures_util::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use crate::{
    location::Location,
    open_error::OpenError,
    postgres,
    records::{Connection, Row},
    sqlite,
    sqlite::open::Access,
};

/// A connection.
pub(super) enum Direct {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Direct {
    /// To a database that is there, which is not changed.
    pub(super) async fn reading(location: &Location) -> Result<Self, OpenError> {
        Self::to(location, Access::Reading).await
    }

    /// To a database that is there.
    pub(super) async fn writing(location: &Location) -> Result<Self, OpenError> {
        Self::to(location, Access::Writing).await
    }

    async fn to(location: &Location, access: Access) -> Result<Self, OpenError> {
        Ok(match location {
            Location::Sqlite(path) => Self::Sqlite(sqlite::open::connect_directly(path, access).await?),
            Location::Postgres(address) => Self::Postgres(postgres::open::connect_directly(address).await?),
        })
    }

    /// As statements take it.
    pub(super) fn connection(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(conn) => Connection::Sqlite(conn),
            Self::Postgres(conn) => Connection::Postgres(conn),
        }
    }

    /// The version of its schema.
    pub(super) async fn schema(&mut self, location: &Location) -> Result<usize, OpenError> {
        let applied = match self {
            Self::Sqlite(conn) => sqlite::schema::applied(conn).await,
            Self::Postgres(conn) => postgres::schema::applied(conn).await,
        };
        applied.map_err(|error| error.of(location))
    }

    /// Runs a statement that is no query, e.g. one that begins a transaction: the first text on SQLite, the second on PostgreSQL.
    pub(super) async fn control(&mut self, sqlite: String, postgres: String) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(conn) => sqlx::raw_sql(AssertSqlSafe(sqlite)).execute(conn).await.map(drop),
            Self::Postgres(conn) => sqlx::raw_sql(AssertSqlSafe(postgres)).execute(conn).await.map(drop),
        }
    }

    /// The rows of a query, one after the other.
    pub(super) fn stream(&mut self, sql: String) -> BoxStream<'_, Result<Row, sqlx::Error>> {
        match self {
            Self::Sqlite(conn) => sqlx::query(AssertSqlSafe(sql)).fetch(conn).map_ok(Row::Sqlite).boxed(),
            Self::Postgres(conn) => sqlx::query(AssertSqlSafe(sql)).fetch(conn).map_ok(Row::Postgres).boxed(),
        }
    }

    /// Closes it. What was not committed is rolled back.
    pub(super) async fn close(self) {
        let closed = match self {
            Self::Sqlite(conn) => conn.close().await,
            Self::Postgres(conn) => conn.close().await,
        };
        if let Err(error) = closed {
            tracing::debug!(error = %error, "a connection was not closed in order");
        }
    }
}
