//! Why a workspace cannot be started.

use crate::model::ModelError;

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
}
