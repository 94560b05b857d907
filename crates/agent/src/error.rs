//! What can go wrong with an agent as a whole. What goes wrong with one session is that session's end.

use std::{io, path::PathBuf};

/// Why an agent left.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The server told it to leave: another agent took the name, or the agent was deleted.
    #[error("the server sent this agent away: {why}")]
    Dismissed {
        /// Why, for people.
        why: String,
    },
    /// The server refused the agent, which it never accepted before.
    #[error("{server} refused this agent (HTTP {status}): {message}")]
    Refused {
        /// The server's address.
        server: String,
        /// HTTP status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// The token belongs to another agent.
    #[error("the token is that of the agent {found:?}, not of {expected:?}")]
    OtherName {
        /// The name the agent was started with.
        expected: String,
        /// The name the server knows it by.
        found: String,
    },
    /// The journal cannot be used.
    #[error("the agent's journal cannot be used")]
    Journal(#[from] JournalError),
    /// The file with the authority's certificates cannot be used.
    #[error("the certificates in {path} cannot be used: {why}")]
    Authority {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Entropy(String),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// What can go wrong with the journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another agent uses the directory.
    #[error("another agent uses {0}; give each agent a state directory of its own")]
    InUse(PathBuf),
    /// A file could not be read or written.
    #[error("{path} cannot be {doing}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried, e.g. `read`.
        doing: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// It is some other file.
    #[error("{0} is not a journal of this version")]
    Foreign(PathBuf),
}
