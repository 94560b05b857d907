//! Storage: the ports of the domain, kept in a database.
//!
//! [`Database`] is one file of SQLite's for one machine, or a database of PostgreSQL's for any number of nodes. What happens
//! inside a transaction (the `records` modules: SQL text, rows, the order of steps) and the ports (`approvals`) are
//! written once. What is SQLite's alone (opening, pragmas, the writer that groups commits) stands in `sqlite`; what is
//! PostgreSQL's alone (the pool, trying again, hints from node to node) in `postgres`. `tests/it/suite` states what every
//! database must do.
//!
//! Neighbours: `approval` has the port and every rule; nothing here decides. Not here: time, which is a parameter of
//! every method, and waiting, which is [`Hints`](countersign_approval::Hints)' part.

mod approvals;
mod database;
mod fault;
mod gateway;
mod location;
mod open_error;
mod postgres;
mod records;
mod sqlite;
mod upkeep;

pub use database::Database;
pub use location::{Address, Location, LocationError};
pub use open_error::OpenError;
pub use sqlite::Commits;
pub use upkeep::{Copied, Migrated, Status, UpkeepError, copy, migrate, status};

/// [`Database`], by the name of the one that it was first.
pub type SqliteStore = Database;
