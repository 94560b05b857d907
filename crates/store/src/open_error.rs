//! Why a database could not be opened.

use std::path::PathBuf;

use crate::location::Location;

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file could not be created, or not be looked at.
    #[error("could not open the database file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// SQLite could not open it, or PostgreSQL could not be reached or refused.
    #[error("could not open the database {location}")]
    Database {
        /// Where it is.
        location: Location,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// A newer program has changed its schema.
    #[error(
        "the database {location} is from a newer version of countersign: its schema is {found}, this version knows {known}"
    )]
    Newer {
        /// Where it is.
        location: Location,
        /// The schema's version there.
        found: i64,
        /// The newest version that this program knows.
        known: usize,
    },
    /// It is another program's.
    #[error("the database {location} is not one of countersign")]
    Foreign {
        /// Where it is.
        location: Location,
    },
}

/// A failure of the schema, before it is known whose it is.
#[derive(Debug)]
pub(crate) enum SchemaError {
    Sql(sqlx::Error),
    Newer { found: i64, known: usize },
    Foreign,
}

impl From<sqlx::Error> for SchemaError {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl SchemaError {
    /// The failure, of this database.
    pub(crate) fn of(self, location: impl Into<Location>) -> OpenError {
        let location = location.into();
        match self {
            Self::Sql(source) => OpenError::Database { location, source },
            Self::Newer { found, known } => OpenError::Newer { location, found, known },
            Self::Foreign => OpenError::Foreign { location },
        }
    }
}
