//! Connections: what commands run on.

use countersign_approval::Timestamp;
use serde::{Deserialize, Serialize};

use crate::name::{AgentName, ConnectionName};

/// Something that people run commands on, through an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Its name.
    pub name: ConnectionName,
    /// Grows with every change: an approval for another revision is useless.
    pub revision: u64,
    /// The agent that reaches it.
    pub agent: AgentName,
    /// What is there.
    pub target: Target,
    /// Variables for the command, sorted by name.
    pub env: Vec<Secret>,
    /// When it was changed last.
    pub changed_at: Timestamp,
}

/// A connection as an administrator describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionDraft {
    /// Its name.
    pub name: ConnectionName,
    /// The agent that reaches it; it need not exist yet.
    pub agent: AgentName,
    /// What is there.
    pub target: Target,
    /// Variables for the command, sorted by name.
    pub env: Vec<Secret>,
}

/// What a connection leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Target {
    /// A program near the agent.
    CommandLine {
        /// Program and leading arguments; what a person gives is appended.
        argv: Vec<String>,
    },
    /// A TCP address as the agent sees it.
    Tcp {
        /// Host name or address.
        host: String,
        /// Port.
        port: u16,
    },
}

impl Target {
    /// The word for its kind, as stored and as shown.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::CommandLine { .. } => "command-line",
            Self::Tcp { .. } => "tcp",
        }
    }
}

/// One variable of a connection's environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// The variable's name.
    pub name: String,
    /// Where its value is.
    pub source: SecretSource,
}

/// Where a secret's value is. The value itself is in no log, no message and no argument.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum SecretSource {
    /// In the store, sealed with the server's key file: hex of nonce and ciphertext.
    Sealed {
        /// Hex of nonce, ciphertext and tag.
        sealed: String,
    },
    /// In the environment of the agent.
    Env {
        /// The variable's name there.
        name: String,
    },
    /// In a file next to the agent, read when the command starts; one trailing newline is dropped.
    File {
        /// Its absolute path.
        path: String,
    },
}

impl std::fmt::Debug for SecretSource {
    /// Not even what is sealed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sealed { .. } => f.write_str("Sealed(…)"),
            Self::Env { name } => write!(f, "Env({name})"),
            Self::File { path } => write!(f, "File({path})"),
        }
    }
}

impl Connection {
    /// Whether a draft describes something else than what is there.
    pub fn differs_from(&self, draft: &ConnectionDraft) -> bool {
        self.agent != draft.agent || self.target != draft.target || self.env != draft.env
    }
}

/// A command line for eyes: plain words as they are, others quoted with everything invisible escaped. Not for a shell.
pub fn shown_command(argv: &[String]) -> String {
    argv.iter().map(|word| shown_word(word)).collect::<Vec<_>>().join(" ")
}

pub(crate) fn shown_word(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@%*".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) { word.to_owned() } else { format!("{word:?}") }
}
