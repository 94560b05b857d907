//! What is to be approved, with everything that decides its effect.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{blob::Blob, id::PersonId};

/// What a machine is about to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Subject {
    /// A coding agent's tool call.
    ToolCall(ToolCall),
    /// A command on a connection of the gateway.
    Command(Command),
    /// An hour (or so) of access to a connection.
    Access(Access),
    /// A command on the machine where it was asked for.
    Local(Local),
    /// A security remediation.
    Remediation(Remediation),
}

/// One tool call of a coding agent (a *host*).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Which coding agent asks, e.g. `claude`.
    pub host: String,
    /// The machine it runs on.
    pub machine: String,
    /// The host's session.
    pub session: String,
    /// The tool, e.g. `Bash`. Empty when the host asks for something that is not a tool.
    pub tool: String,
    /// The event by which the host asked, e.g. `PermissionRequest`.
    pub event: String,
    /// The tool's input: the JSON text exactly as received.
    pub input: Blob,
    /// The working directory of the session.
    pub cwd: String,
}

/// A command on a connection. Executed from here, never from what the requester sends again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The connection's name.
    pub connection: String,
    /// The connection's revision when it was asked.
    pub revision: u64,
    /// The agent that will run it.
    pub agent: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// What goes to its standard input.
    pub input: Blob,
    /// Names, and keyed hashes of the values, of its environment, in order of name.
    pub env: Vec<EnvValue>,
    /// Who asked.
    pub requester: PersonId,
}

/// One variable of an environment, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvValue {
    /// The variable's name.
    pub name: String,
    /// Keyed hash of the value, hex.
    pub value_hash: String,
}

/// A window of time on a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The connection's name.
    pub connection: String,
    /// The connection's revision when it was asked.
    pub revision: u64,
    /// Who asked.
    pub requester: PersonId,
    /// For how long.
    pub duration: Duration,
}

/// A command on this machine, put behind an approval by `guard`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Local {
    /// The machine's name.
    pub machine: String,
    /// The operating system's user.
    pub user: String,
    /// The working directory.
    pub cwd: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// The executable and every argument that is a file, with their contents' SHA-256.
    pub files: Vec<FileDigest>,
}

/// A file and what it held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// Its absolute path.
    pub path: String,
    /// SHA-256 of its content, hex.
    pub sha256: String,
}

/// A security action on somebody or something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remediation {
    /// What would be done, e.g. `okta.session.reset`.
    pub action: String,
    /// To whom or what.
    pub target: String,
    /// Further parameters: the JSON text exactly as proposed.
    pub params: Blob,
    /// Who proposed it.
    pub requester: PersonId,
}

impl Subject {
    /// The word for this kind of subject, as stored and as shown.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ToolCall(_) => "tool_call",
            Self::Command(_) => "command",
            Self::Access(_) => "access",
            Self::Local(_) => "local",
            Self::Remediation(_) => "remediation",
        }
    }
}
