//! Sessions: what happened on a connection.

use std::{fmt, str::FromStr};

use countersign_approval::{Entropy, PersonId, RequestId, Timestamp, from_hex, to_hex};
use serde::{Deserialize, Serialize};

use crate::name::{AgentName, ConnectionName};

/// A session's id: 48 bits of milliseconds, then 80 random bits, so that ids sort by age. Public.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionId([u8; 16]);

/// A text that is not a session's id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a session id is 32 lower-case hex digits")]
pub struct ParseSessionIdError;

/// What a person does on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// One command; its output and exit code come back.
    Exec,
    /// A terminal, or a port.
    Connect,
}

/// One use of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The request that allowed it; `None` where no review applied.
    pub request: Option<RequestId>,
    /// The connection.
    pub connection: ConnectionName,
    /// Its revision.
    pub revision: u64,
    /// The agent that runs it.
    pub agent: AgentName,
    /// Whose it is.
    pub person: PersonId,
    /// What is done.
    pub verb: Verb,
    /// The whole command line, or the address.
    pub command: Vec<String>,
    /// The node that holds the person's end, by its advertised URL.
    pub node: String,
    /// Where it stands.
    pub state: SessionState,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The recording's name in the object store, once there is one.
    pub recording: Option<String>,
}

/// Where a session stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SessionState {
    /// The agent has been told; nothing has come back yet.
    Starting,
    /// The agent runs it.
    Running,
    /// Over.
    Ended {
        /// When.
        at: Timestamp,
        /// How.
        how: SessionEnd,
    },
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum SessionEnd {
    /// The command ended by itself.
    Exited {
        /// Its exit code.
        code: u8,
    },
    /// A signal ended the command.
    Signalled {
        /// The signal's number.
        signal: u8,
    },
    /// It was ended from outside: revoked, its time was over, the person or the agent went away.
    Stopped {
        /// Why, for people.
        why: String,
    },
    /// It never began.
    Failed {
        /// Why, for people.
        why: String,
    },
    /// It had begun, and what became of it cannot be known. It is never repeated by itself.
    Unknown {
        /// What is known.
        why: String,
    },
}

impl SessionState {
    /// The word, as stored and as shown.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Ended { .. } => "ended",
        }
    }
}

impl Verb {
    /// The word, as stored and as shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exec => "exec",
            Self::Connect => "connect",
        }
    }
}

impl SessionId {
    /// A new id for a session opened at `now`.
    pub fn generate(now: Timestamp, entropy: &dyn Entropy) -> Self {
        let mut bytes = entropy.bytes16();
        let millis = (now.as_micros() / 1000).to_be_bytes();
        for (to, from) in bytes.iter_mut().zip(millis.iter().skip(2)) {
            *to = *from;
        }
        Self(bytes)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

impl FromStr for SessionId {
    type Err = ParseSessionIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        from_hex(text).and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(ParseSessionIdError)
    }
}

impl TryFrom<String> for SessionId {
    type Error = ParseSessionIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<SessionId> for String {
    fn from(id: SessionId) -> Self {
        id.to_string()
    }
}
