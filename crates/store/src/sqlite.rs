//! What is SQLite's alone: opening a file, its schema, and the one writer that groups commits.

mod open;
mod schema;
mod store;
mod writer;

pub use open::OpenError;
pub use store::SqliteStore;
pub use writer::Commits;
