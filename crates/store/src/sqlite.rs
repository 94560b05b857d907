//! What is SQLite's alone: opening a file, its schema, and the one writer that groups commits.

mod file;
pub(crate) mod open;
pub(crate) mod schema;
mod writer;

pub(crate) use file::Sqlite;
pub use writer::Commits;
