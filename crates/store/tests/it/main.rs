//! The store's promises, kept by every database: `suite` states them, `sqlite` and `postgres` hold each to them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod crash;
mod fixture;
mod nodes;
mod postgres;
mod sqlite;
mod sqlite_files;
mod suite;
mod upkeep;
