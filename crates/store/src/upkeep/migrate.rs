//! Bringing a schema up to date.

use countersign_approval::Hints;

use super::direct::Direct;
use crate::{database::Database, location::Location, open_error::OpenError, postgres::schema::MIGRATIONS};

/// What was done to a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Its version before; 0 when there was none.
    pub from: usize,
    /// Its version now.
    pub to: usize,
}

/// Brings the schema of a database up to date, as opening it for a store does. A SQLite file is created when it is not there.
pub async fn migrate(location: &Location) -> Result<Migrated, OpenError> {
    let from = match location {
        Location::Sqlite(path) if !path.exists() => 0,
        _ => {
            let mut direct = Direct::reading(location).await?;
            let from = direct.schema(location).await?;
            direct.close().await;
            from
        }
    };
    Database::open(location, Hints::default()).await?.shut().await;
    Ok(Migrated { from, to: MIGRATIONS.len() })
}
