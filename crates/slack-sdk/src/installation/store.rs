//! Where installations are kept.

use std::path::PathBuf;

use async_trait::async_trait;
use thiserror::Error;

use super::{Installation, Tenant};

/// Keeps installations. There is one per place; [`super::Installations`] changes one place at a time.
#[async_trait]
pub trait InstallationStore: Send + Sync + 'static {
    /// The installation in a place.
    async fn find(&self, tenant: &Tenant) -> Result<Option<Installation>, StoreError>;

    /// Keeps an installation in the place of the one before. Once it returns, the tokens must outlive a crash: the ones
    /// before may have ended.
    async fn save(&self, installation: &Installation) -> Result<(), StoreError>;

    /// Forgets the installation in a place; that there is none is no error.
    async fn delete(&self, tenant: &Tenant) -> Result<(), StoreError>;
}

/// Why installations could not be read or kept.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A file or directory could not be used.
    #[error("{action} {}", path.display())]
    File {
        /// What was to be done.
        action: &'static str,
        /// To which file.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
    /// What is kept is damaged, or of a later version.
    #[error("{} is not an installation", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A name that cannot be a file's.
    #[error("{0:?} is not an id of Slack's")]
    Id(String),
    /// Anything else, of other stores.
    #[error("the installation store failed")]
    Other(#[source] Box<dyn std::error::Error + Send + Sync>),
}
