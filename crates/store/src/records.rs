//! What happens inside a transaction: SQL, rows, and the order of steps. The database's own ways stay outside.

use std::pin::Pin;

use crate::fault::Fault;

pub(crate) mod audit;
pub(crate) mod batch;
pub(crate) mod change;
pub(crate) mod dossier;
pub(crate) mod grant;
pub(crate) mod inbox;
pub(crate) mod installation;
pub(crate) mod outbox;
pub(crate) mod people;
pub(crate) mod request;
pub(crate) mod retention;
pub(crate) mod row;
pub(crate) mod vote;

/// The connection that the statements run on.
pub(crate) type Connection = sqlx::SqliteConnection;

/// A row of their results.
pub(crate) type Row = sqlx::sqlite::SqliteRow;

/// What happens inside a transaction, not yet begun.
pub(crate) type Work<'c, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'c>>;
