//! Where an app is installed, and with which tokens it acts there.
//!
//! An [`Installation`] is what a person allowed in one workspace, or in a whole organisation. They are kept in an
//! [`InstallationStore`]; [`Installations`] finds the one that a payload is about, renews tokens before they expire, and
//! forgets what people took back. Sources: docs.slack.dev, "Installing with OAuth", "Token rotation".

mod authorize;
mod file;
mod grant;
mod memory;
mod record;
mod registry;
mod store;

pub use file::FileStore;
pub use grant::{Bot, Expiry, Grant, Installation, Place, Tenant, Webhook};
pub use memory::MemoryStore;
pub use registry::{Installations, TokenFault};
pub(crate) use registry::{expiry, scopes, uninterrupted};
pub use store::{InstallationStore, StoreError};
