//! What can go wrong inside a transaction.

use countersign_approval::StoreError;

/// A failure inside a transaction, before it is known to the caller under the name of what was being done.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The database said no.
    Sql(sqlx::Error),
    /// The database holds something that cannot be.
    Inconsistent { table: &'static str, column: &'static str, row: String },
}

impl Fault {
    /// The failure as the port tells it.
    pub(crate) fn while_doing(self, doing: &'static str) -> StoreError {
        match self {
            Self::Sql(sqlx::Error::PoolClosed) => StoreError::Closed,
            Self::Sql(source) => StoreError::Database { doing, source: Box::new(source) },
            Self::Inconsistent { table, column, row } => StoreError::Inconsistent { table, column, row },
        }
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}
