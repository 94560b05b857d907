//! What an administrator does with a whole database: bring its schema up to date, look at it, copy it to the other kind.

mod copy;
mod direct;
mod error;
mod inserts;
mod migrate;
mod status;
mod tables;

pub use copy::{Copied, copy};
pub use error::UpkeepError;
pub use migrate::{Migrated, migrate};
pub use status::{Status, status};
