//! Installations in memory: for tests, and for apps whose people may install them again after a restart.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Installation, InstallationStore, StoreError, Tenant};

/// Installations in memory; they end with the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    // A std lock: it is held for one lookup, never while waiting.
    kept: Mutex<HashMap<Tenant, Installation>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Tenant, Installation>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl InstallationStore for MemoryStore {
    async fn find(&self, tenant: &Tenant) -> Result<Option<Installation>, StoreError> {
        Ok(self.kept().get(tenant).cloned())
    }

    async fn save(&self, installation: &Installation) -> Result<(), StoreError> {
        self.kept().insert(installation.tenant.clone(), installation.clone());
        Ok(())
    }

    async fn delete(&self, tenant: &Tenant) -> Result<(), StoreError> {
        self.kept().remove(tenant);
        Ok(())
    }
}
