//! What happens inside a transaction: SQL, rows, and the order of steps. The database's own ways stay outside.
//!
//! The steps are written for many writers at once: whoever changes a request takes hold of its row first. On SQLite, where
//! one change runs at a time, that costs nothing.

use std::pin::Pin;

use crate::fault::Fault;

pub(crate) mod audit;
pub(crate) mod batch;
pub(crate) mod change;
pub(crate) mod connection;
pub(crate) mod dossier;
pub(crate) mod gateway;
pub(crate) mod grant;
pub(crate) mod inbox;
pub(crate) mod installation;
pub(crate) mod outbox;
pub(crate) mod people;
pub(crate) mod request;
pub(crate) mod retention;
pub(crate) mod row;
mod text;
pub(crate) mod vote;

pub(crate) use connection::{Connection, Row};

/// What happens inside a transaction, not yet begun.
pub(crate) type Work<'c, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'c>>;

/// How to do it, given its input: done once more when the database took the first try back.
pub(crate) type Step<A, T> = for<'c, 'd> fn(&'c mut Connection<'d>, A) -> Work<'c, T>;
