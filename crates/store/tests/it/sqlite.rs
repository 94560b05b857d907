//! SQLite keeps every promise of the suite.

use std::{path::PathBuf, sync::Arc};

use countersign_approval::{Hints, Store};
use countersign_store::{Location, SqliteStore};

use crate::{
    fixture::{Database, Nodes},
    suite::every_case,
};

/// A file in a directory of its own.
pub(crate) struct SqliteFile {
    directory: tempfile::TempDir,
}

impl SqliteFile {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn location(&self) -> Location {
        Location::Sqlite(self.path())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("countersign.db")
    }
}

impl Database for SqliteFile {
    const NODES: Nodes = Nodes::One;

    async fn create() -> Option<Self> {
        Some(Self::new())
    }

    async fn open(&self) -> Arc<dyn Store> {
        self.open_whole().await
    }

    async fn open_whole(&self) -> Arc<SqliteStore> {
        Arc::new(SqliteStore::open(&self.path(), Hints::default()).await.unwrap())
    }
}

every_case!(SqliteFile);
