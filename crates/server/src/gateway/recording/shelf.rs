//! Where recordings are kept.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use countersign_approval::to_hex;
use futures_util::stream::BoxStream;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, local::LocalFileSystem, path::Path as Key};
use sha2::{Digest as _, Sha256};
use tokio::{io::AsyncReadExt as _, sync::OnceCell};

/// Bytes that are handed over in one part; the smallest that every object store takes is 5 MiB.
const PART: usize = 8 * 1024 * 1024;

/// Why a recording cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShelfError {
    /// The object store's words.
    #[error("the object store failed")]
    Store(#[from] object_store::Error),
    /// A local file.
    #[error("{} cannot be used", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

/// The object store, and the directory where recordings are written while their sessions run.
#[derive(Debug)]
pub(crate) struct Shelf {
    directory: PathBuf,
    spool: PathBuf,
    store: OnceCell<Arc<dyn ObjectStore>>,
}

impl Shelf {
    /// A shelf in a directory, made when it is first needed. Nodes may share it: each has a spool of its own.
    pub(crate) fn new(directory: &Path, node: &str) -> Self {
        let node = to_hex(&Sha256::digest(node.as_bytes()));
        let spool = directory.join(".live").join(node.chars().take(16).collect::<String>());
        Self { directory: directory.to_owned(), spool, store: OnceCell::new() }
    }

    /// Where recordings are written while their sessions run.
    pub(crate) fn spool(&self) -> &Path {
        &self.spool
    }

    /// Takes a finished recording from the spool.
    pub(crate) async fn keep(&self, path: &Path, name: &str) -> Result<(), ShelfError> {
        let store = self.store().await?;
        let mut file = tokio::fs::File::open(path).await.map_err(|source| unusable(path, source))?;
        let mut upload = store.put_multipart(&Key::from(name)).await?;
        loop {
            let mut part = Vec::new();
            (&mut file).take(PART as u64).read_to_end(&mut part).await.map_err(|source| unusable(path, source))?;
            if part.is_empty() {
                break;
            }
            upload.put_part(PutPayload::from(part)).await?;
        }
        upload.complete().await?;
        tokio::fs::remove_file(path).await.map_err(|source| unusable(path, source))
    }

    /// A recording, piece by piece.
    pub(crate) async fn read(
        &self,
        name: &str,
    ) -> Result<BoxStream<'static, Result<bytes::Bytes, object_store::Error>>, ShelfError> {
        Ok(self.store().await?.get(&Key::from(name)).await?.into_stream())
    }

    /// What was being written when this node was last killed.
    pub(crate) async fn left_behind(&self) -> Vec<PathBuf> {
        let Ok(mut entries) = tokio::fs::read_dir(&self.spool).await else { return Vec::new() };
        let mut left = Vec::new();
        while let Ok(Some(entry)) = entries.next_entry().await {
            left.push(entry.path());
        }
        left
    }

    async fn store(&self) -> Result<&Arc<dyn ObjectStore>, ShelfError> {
        self.store
            .get_or_try_init(|| async {
                let directory = &self.directory;
                let made = tokio::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).await;
                made.map_err(|source| unusable(directory, source))?;
                Ok(Arc::new(LocalFileSystem::new_with_prefix(directory)?) as Arc<dyn ObjectStore>)
            })
            .await
    }
}

fn unusable(path: &Path, source: std::io::Error) -> ShelfError {
    ShelfError::File { path: path.to_owned(), source }
}
