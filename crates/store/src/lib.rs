//! Storage: the ports of the domain, kept in a database.
//!
//! [`SqliteStore`] is one file for one machine. What happens inside a transaction (the `records` modules: SQL text,
//! rows, the order of steps) is written so that PostgreSQL takes the same text; what is SQLite's alone (opening,
//! pragmas, the writer that groups commits) stands in `sqlite`. `tests/it/suite` states what every database must do.
//!
//! Neighbours: `approval` has the port and every rule; nothing here decides. Not here: time, which is a parameter of
//! every method, and waiting, which is [`Hints`](countersign_approval::Hints)' part.

mod fault;
mod records;
mod sqlite;

pub use sqlite::{Commits, OpenError, SqliteStore};
