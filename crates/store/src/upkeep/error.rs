//! What can go wrong with a whole database.

use countersign_approval::{StoreError, audit::ChainError};

use crate::{fault::Fault, location::Location, open_error::OpenError};

/// Why something was not done with a whole database.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// It could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It could not be asked, or holds something that cannot be.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A table could not be copied.
    #[error("could not copy the table {table}")]
    Table {
        /// Which.
        table: &'static str,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// The database to copy from was not brought up to date.
    #[error(
        "the schema of the database {location} is {found}, and this version knows {known}: bring it up to date first"
    )]
    Outdated {
        /// Where it is.
        location: Location,
        /// Its schema's version.
        found: usize,
        /// This program's.
        known: usize,
    },
    /// The database to copy to has something in it.
    #[error("the database {location} is not empty: its table {table} has {rows} rows")]
    NotEmpty {
        /// Where it is.
        location: Location,
        /// The first table that has rows.
        table: &'static str,
        /// How many.
        rows: u64,
    },
    /// Not every row has arrived. Nothing was kept.
    #[error("{expected} rows of the table {table} were to be copied, and {found} are there")]
    Miscounted {
        /// The table.
        table: &'static str,
        /// Rows to copy.
        expected: u64,
        /// Rows that arrived.
        found: u64,
    },
    /// The audit trail, as it arrived, is not one. Nothing was kept.
    #[error("the audit trail does not hold")]
    Trail(#[from] ChainError),
}

/// A failure while something was done.
pub(super) fn doing<E: Into<Fault>>(doing: &'static str) -> impl Fn(E) -> UpkeepError {
    move |error| UpkeepError::Store(error.into().while_doing(doing))
}
