//! Why a workspace cannot be started.

use crate::model::ModelError;
use crate::seed::SeedError;
use crate::state_file::StateFileError;
use crate::tls::TlsError;

/// Why a workspace cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The operating system has no random numbers.
    #[error("no random numbers from the operating system")]
    Random(#[source] getrandom::Error),
    /// The address is taken or not ours.
    #[error("could not listen on the address")]
    Bind(#[source] std::io::Error),
    /// The configured people or channels do not make a workspace.
    #[error("the configured people or channels are not valid")]
    World(#[source] ModelError),
    /// The seed does not make a workspace.
    #[error("the seed cannot be used")]
    Seed(#[source] SeedError),
    /// TLS cannot be had.
    #[error("the certificates for TLS could not be made")]
    Tls(#[source] TlsError),
    /// The state file cannot be used.
    #[error("the state of the workspace could not be read")]
    State(#[source] StateFileError),
    /// The journal cannot be recorded.
    #[error("the recording could not be opened")]
    Record(#[source] std::io::Error),
}
