//! SQLite keeps every promise of the suite.

use std::{path::PathBuf, sync::Arc};

use countersign_approval::{Hints, Store};
use countersign_store::SqliteStore;

use crate::{fixture::Database, suite::every_case};

/// A file in a directory of its own.
pub(crate) struct SqliteFile {
    directory: tempfile::TempDir,
}

impl SqliteFile {
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("countersign.db")
    }
}

impl Database for SqliteFile {
    async fn create() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(&self.path(), Hints::default()).await.unwrap())
    }
}

every_case!(SqliteFile);
