//! The control connection: server and agent.
//!
//! The agent says [`FromAgent::Hello`] first, the server answers [`ToAgent::Welcome`]. Both ping the WebSocket every ten
//! seconds; thirty without anything end the connection. The agent tries again for ever.

use countersign_approval::{Digest, Subject};
use serde::{Deserialize, Serialize};

use crate::{
    connection::Secret,
    name::ConnectionName,
    session::{SessionEnd, SessionId},
};

/// From the server to the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToAgent {
    /// The hello was taken.
    Welcome {
        /// The agent's name, as the server knows it.
        agent: String,
        /// The server's version, for logs.
        server: String,
        /// Every live node; the agent keeps a control connection to each.
        nodes: Vec<String>,
    },
    /// Begin a session. The agent dials [`super::DATA_PATH`] at `node` with `ticket`, then starts.
    Start(Box<Start>),
    /// The person's terminal has another size.
    Resize {
        /// The session.
        session: SessionId,
        /// The size.
        #[serde(flatten)]
        size: WindowSize,
    },
    /// A signal for the command's process group.
    Signal {
        /// The session.
        session: SessionId,
        /// Which.
        signal: Signal,
    },
    /// End the session now, whatever it does.
    Stop {
        /// The session.
        session: SessionId,
        /// Why, for people: it is the session's end.
        why: String,
    },
    /// What became of these sessions? Asked after a reconnect.
    Recall {
        /// The sessions.
        sessions: Vec<SessionId>,
    },
    /// Leave, and do not come back: another agent took the name, or the agent was deleted.
    Dismiss {
        /// Why, for people.
        why: String,
    },
}

/// From the agent to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromAgent {
    /// First of all.
    Hello {
        /// The agent's version, for people.
        version: String,
        /// Chosen when the process started; another instance under the same name is another agent.
        instance: String,
        /// Sessions that run now, for a server that has forgotten.
        running: Vec<SessionId>,
    },
    /// The command runs. The grant was checked, and the session is on the agent's disk.
    Started {
        /// The session.
        session: SessionId,
    },
    /// A session is over. Sent after the status frame was written, so that frames may still be on their way: take them to their
    /// end. Also sent where the data connection has broken; it may come twice, and again after a reconnect.
    Ended {
        /// The session.
        session: SessionId,
        /// How.
        end: SessionEnd,
    },
    /// The answer to [`ToAgent::Recall`].
    Recalled {
        /// The session.
        session: SessionId,
        /// What is known of it.
        memory: Memory,
    },
}

/// What an agent knows of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "memory", rename_all = "snake_case")]
pub enum Memory {
    /// It never began here.
    Never,
    /// It runs.
    Running,
    /// It is over.
    Ended {
        /// How.
        end: SessionEnd,
    },
    /// It began, and the agent was killed meanwhile.
    Lost,
}

/// All that an agent needs to run what was approved, and to check that it is that.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The session.
    pub session: SessionId,
    /// The advertised URL of the node to dial.
    pub node: String,
    /// Good once, for thirty seconds, for this session, agent and node.
    pub ticket: String,
    /// The connection's name, for the command's environment.
    pub connection: ConnectionName,
    /// What is to be done.
    pub action: Action,
    /// The command's environment.
    pub env: Vec<EnvEntry>,
    /// The grant's own check, where people were asked. The agent computes the digest anew and compares.
    pub approved: Option<Approved>,
    /// After so many milliseconds the session ends, by the agent's own clock.
    pub lifetime_ms: Option<u64>,
    /// Who uses it, for the command's environment.
    pub person: String,
}

/// What was approved, in the words that the digest is made of.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    /// The stored subject. A command's input is left out (it is empty here): it may be larger than any text message. The agent
    /// puts what came as stdin frames in its place, before it computes the digest: that is the check of the input.
    pub subject: Subject,
    /// The digest that people saw.
    pub digest: Digest,
    /// Hex: the key of the environment's hashes in the subject, good for this request only.
    pub env_key: String,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Run a command.
    Exec {
        /// Program and arguments.
        argv: Vec<String>,
        /// What goes to its standard input.
        input: Input,
    },
    /// Run a command on a terminal.
    Terminal {
        /// Program and arguments.
        argv: Vec<String>,
        /// `TERM`.
        term: String,
        /// The terminal's size.
        size: WindowSize,
    },
    /// Connect to an address.
    Tcp {
        /// Host name or address.
        host: String,
        /// Port.
        port: u16,
    },
}

/// Where standard input comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// From stdin frames.
    Live,
    /// These bytes, as approved. They come as stdin frames, closed by a close frame, from the server's store; the agent counts
    /// them, puts them into the empty `subject.input` and compares the digest, all before the command is started.
    Stored {
        /// How many.
        bytes: u64,
    },
}

/// One variable.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvEntry {
    /// Its name.
    pub name: String,
    /// Its value, or where the agent finds it.
    pub value: EnvSource,
}

/// A variable's value, or where the agent finds it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvSource {
    /// The value.
    Plain(String),
    /// A reference that the agent resolves; never [`crate::SecretSource::Sealed`].
    Reference(Secret),
}

impl std::fmt::Debug for Start {
    /// Without the ticket, and without arguments, which people may write secrets into.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Start")
            .field("session", &self.session)
            .field("node", &self.node)
            .field("connection", &self.connection)
            .field("env", &self.env)
            .field("approved", &self.approved)
            .field("lifetime_ms", &self.lifetime_ms)
            .field("person", &self.person)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Approved {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Approved").field("digest", &self.digest).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for EnvEntry {
    /// Without the value.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}=…", self.name)
    }
}

impl std::fmt::Debug for EnvSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// The size of a terminal, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowSize {
    /// Lines.
    pub rows: u16,
    /// Columns.
    pub cols: u16,
}

/// Signals that may be sent to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Signal {
    /// Hang up.
    Hup,
    /// Interrupt.
    Int,
    /// Quit.
    Quit,
    /// Terminate.
    Term,
    /// Kill.
    Kill,
    /// User-defined.
    Usr1,
    /// User-defined.
    Usr2,
}

#[cfg(test)]
mod tests {
    use countersign_approval::{Access, PersonId};

    use super::*;

    #[test]
    fn debug_of_a_start_shows_no_secret() {
        let subject = Subject::Access(Access {
            connection: "bash".to_owned(),
            revision: 1,
            requester: PersonId::new("alice@example.com"),
            duration: std::time::Duration::from_mins(1),
        });
        let start = Start {
            session: "0".repeat(32).parse().unwrap(),
            node: "http://127.0.0.1:1".to_owned(),
            ticket: "s3cret-ticket".to_owned(),
            connection: "bash".parse().unwrap(),
            action: Action::Exec { argv: vec!["s3cret-argument".to_owned()], input: Input::Live },
            env: vec![EnvEntry { name: "PASSWORD".to_owned(), value: EnvSource::Plain("s3cret-value".to_owned()) }],
            approved: Some(Approved { digest: Digest::of(&subject), subject, env_key: "s3cret-key".to_owned() }),
            lifetime_ms: None,
            person: "alice@example.com".to_owned(),
        };
        let text = format!("{:?}", ToAgent::Start(Box::new(start)));
        assert!(!text.contains("s3cret"), "{text}");
    }
}
