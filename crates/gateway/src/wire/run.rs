//! A session as the client sees it.
//!
//! The client opens with [`FromClient::Open`] or [`FromClient::Resume`]. What follows:
//!
//! ```text
//! server: Refused                                        policy, unknown connection, agent offline …: the end
//! server: SendInput    client: stdin frames, close(0)     review applies: the input is uploaded whole
//! server: Waiting …    (again whenever it changes)        people are asked
//! server: Decided      client: Run (or closes, --no-wait)  approved; denied and expired are Refused
//! server: Started      both: frames                       live
//! server: Ended                                           the end
//! ```
//!
//! A guarded command ([`WantedVerb::Guard`]) runs on the client's own machine: no input is sent, after `Started` (the grant is
//! claimed) the client checks its files again, runs the command itself, and says [`FromClient::Finished`]. A client that
//! vanishes in between leaves an unknown end.
//!
//! A client that vanishes while people are asked withdraws nothing: the request can be resumed by its id until it expires.

use countersign_approval::{Local, RequestId, RequestKey, Timestamp};
use serde::{Deserialize, Serialize};

use super::control::{Signal, WindowSize};
use crate::{
    name::ConnectionName,
    session::{SessionEnd, SessionId},
};

/// From the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromClient {
    /// A new session.
    Open(Open),
    /// Back to a request that was asked before: waits for it, or runs it.
    Resume {
        /// The request.
        request: RequestId,
        /// The terminal, for `connect`.
        terminal: Option<Terminal>,
    },
    /// Run what was approved, now.
    Run,
    /// A signal for the command.
    Signal {
        /// Which.
        signal: Signal,
    },
    /// The terminal has another size.
    Resize {
        /// The size.
        #[serde(flatten)]
        size: WindowSize,
    },
    /// A guarded command has ended, or could not be run.
    Finished {
        /// How.
        end: SessionEnd,
    },
    /// The request is no longer wanted; or end the session.
    Cancel,
}

/// What a new session is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// The client's own name for it, so that asking again after a broken connection is the same request.
    pub key: RequestKey,
    /// The connection.
    pub connection: ConnectionName,
    /// What is done.
    pub verb: WantedVerb,
    /// Why, for approvers.
    pub reason: Option<String>,
    /// Take break-glass: an administrator in an emergency goes ahead without approval, with an audit mark of its own.
    #[serde(default)]
    pub break_glass: bool,
}

/// What is done, with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum WantedVerb {
    /// One command.
    Exec {
        /// Appended to the connection's command.
        args: Vec<String>,
        /// Whether there is input at all.
        input: WantedInput,
    },
    /// A command on the client's own machine, which a policy for guarded commands must be about. `connection` is the name
    /// that policies match: `local` unless the person gave another.
    Guard {
        /// The command with its files' digests.
        local: Local,
    },
    /// A terminal, or a port.
    Connect {
        /// Appended to the connection's command.
        args: Vec<String>,
        /// For how long; the policy's default when nothing is said.
        duration_s: Option<u64>,
        /// The terminal; `None` for a port.
        terminal: Option<Terminal>,
    },
}

/// What the client has for standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WantedInput {
    /// Nothing.
    None,
    /// Something; whether it is sent before or while the command runs, the server says.
    Some,
}

/// A person's terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terminal {
    /// `TERM`.
    pub term: String,
    /// Its size.
    #[serde(flatten)]
    pub size: WindowSize,
}

/// From the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromServer {
    /// It is not to be; the connection closes.
    Refused(Refusal),
    /// Send all of the input now, then close channel 0.
    SendInput {
        /// At most so many bytes.
        max_bytes: u64,
    },
    /// People are asked. Sent again whenever something about it changes.
    Waiting(Waiting),
    /// Approved. Send [`FromClient::Run`].
    Decided {
        /// The request.
        request: RequestId,
        /// Who approved, for people.
        by: Vec<String>,
        /// From then on it can no longer be run; of access, when it ends.
        until: Timestamp,
    },
    /// The agent runs it. Frames follow.
    Started {
        /// The session.
        session: SessionId,
        /// The request that allowed it.
        request: Option<RequestId>,
        /// When access ends, where it does.
        until: Option<Timestamp>,
        /// Whether standard input is to be sent.
        stdin: bool,
    },
    /// It is over; the connection closes.
    Ended {
        /// The session.
        session: SessionId,
        /// How.
        end: SessionEnd,
    },
}

/// A request that people are asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The request.
    pub request: RequestId,
    /// The short form of the digest, as approvers see it.
    pub digest: String,
    /// A page about it.
    pub url: String,
    /// From then on nobody can approve it.
    pub expires_at: Timestamp,
    /// What is still missing, for people: e.g. `1 of sre`.
    pub missing: Vec<String>,
    /// How many people could approve it now.
    pub eligible: u32,
    /// The channels that took the message.
    pub shown_in: Vec<String>,
    /// What is wrong, for people: nobody eligible, a channel that refused the message.
    pub warnings: Vec<String>,
}

/// Why a session is not to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Which kind.
    pub code: RefusalCode,
    /// What is wrong and what to do, for people.
    pub message: String,
    /// The request, if there is one.
    pub request: Option<RequestId>,
}

/// The kinds of refusals; each has its exit code (design, "The command line").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// Somebody, or a policy, said no.
    Denied,
    /// Nobody decided in time; or it was approved and not run in time.
    Expired,
    /// It was withdrawn.
    Cancelled,
    /// It has been taken back.
    Revoked,
    /// The connection, a file or a variable changed after the request was asked.
    Changed,
    /// It has been run before.
    AlreadyRun,
    /// No such connection, or this person may not see it.
    NoSuchConnection,
    /// The connection's agent is not there.
    AgentOffline,
    /// Something is wrong with what was sent.
    Invalid,
    /// Too much of something: sessions, input.
    TooMuch,
    /// The server itself failed.
    Fault,
}

impl RefusalCode {
    /// The exit code of `exec`, `connect` and `guard`.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Denied | Self::Revoked | Self::Changed | Self::AlreadyRun => 126,
            Self::Expired => 124,
            Self::Cancelled => 130,
            Self::NoSuchConnection | Self::AgentOffline => 127,
            Self::Invalid | Self::TooMuch | Self::Fault => 125,
        }
    }
}
