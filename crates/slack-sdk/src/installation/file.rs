//! Installations in files, one for each place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use serde::de::Error as _;

use super::record::Record;
use super::{Installation, InstallationStore, StoreError, Tenant};

/// Installations in a directory that nobody else can read.
///
/// A file is written beside its place, under a name of its own, and then moved there: a crash leaves the one before, or the
/// new one, whole, and writers do not meet. Of two that write at once, the last one's counts.
#[derive(Debug, Clone)]
pub struct FileStore {
    directory: Arc<Path>,
}

impl FileStore {
    /// Installations in this directory, which is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(directory: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let directory = directory.into();
        make(&directory).map_err(|source| fault("could not make", &directory, source))?;
        Ok(Self { directory: directory.into() })
    }

    /// The file of a place. Its name is made of the id, which has to look like one: an id comes from outside.
    fn path(&self, tenant: &Tenant) -> Result<PathBuf, StoreError> {
        let id = tenant.id();
        let is_id = !id.is_empty()
            && id.len() <= 64
            && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if !is_id {
            return Err(StoreError::Id(id.chars().take(64).collect()));
        }
        let kind = if matches!(tenant, Tenant::Team(_)) { "team" } else { "organisation" };
        Ok(self.directory.join(format!("{kind}-{id}.json")))
    }
}

#[async_trait]
impl InstallationStore for FileStore {
    async fn find(&self, tenant: &Tenant) -> Result<Option<Installation>, StoreError> {
        let path = self.path(tenant)?;
        blocking(move || read(&path)).await
    }

    async fn save(&self, installation: &Installation) -> Result<(), StoreError> {
        let path = self.path(&installation.tenant)?;
        let record = Record::of(installation);
        blocking(move || write(&path, &record)).await
    }

    async fn delete(&self, tenant: &Tenant) -> Result<(), StoreError> {
        let path = self.path(tenant)?;
        blocking(move || match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(fault("could not remove", &path, source)),
            _ => Ok(()),
        })
        .await
    }
}

/// Runs file operations where they stop nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(StoreError::Other(Box::new(error))))
}

fn read(path: &Path) -> Result<Option<Installation>, StoreError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(fault("could not read", path, source)),
    };
    let record: Result<Record, _> = serde_json::from_slice(&bytes);
    let installation = record.and_then(|record| record.into_installation().map_err(serde_json::Error::custom));
    installation.map(Some).map_err(|source| StoreError::Damaged { path: path.to_owned(), source })
}

fn write(path: &Path, record: &Record) -> Result<(), StoreError> {
    let bytes =
        serde_json::to_vec_pretty(record).map_err(|source| StoreError::Damaged { path: path.to_owned(), source })?;
    let beside = beside(path).map_err(|source| fault("could not write", path, source))?;
    let written = replace(&beside, path, &bytes);
    if written.is_err() {
        // Left behind it would only be in the way; why it was not written is what matters.
        let _ = fs::remove_file(&beside);
    }
    written.map_err(|source| fault("could not write", path, source))
}

/// A name that nobody else writes to: neither another task or store of this process, nor another process.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let unique = getrandom::u64().map_err(io::Error::other)?;
    Ok(path.with_extension(format!("json.{unique:016x}")))
}

fn replace(beside: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private(beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(beside, path)?;
    match path.parent() {
        // The new name must be on the disk as well: the tokens before may have ended.
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(unix)]
fn make(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(not(unix))]
fn make(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

/// A new file that only this user can read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

fn fault(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::File { action, path: path.to_owned(), source }
}
