//! What runs approved commands, next to the resource.
//!
//! An agent dials out to every node of the server and waits. For each session it is told what was approved, checks that
//! against the digest, writes the session's id to its journal, dials back with a one-time ticket, and runs the command under
//! a supervisor process that ends everything the command left behind.
//!
//! # What an agent trusts
//!
//! The server's word, authenticated by TLS and the agent's own token, that a session is to begin, and for sessions without a
//! command approval (access, and connections without review) which command, environment and address it is about. An agent cannot
//! know that people approved: it knows that the command, input and environment that it is given are those under the digest
//! that it is given, that a session id begins at most once here, and that nothing outlives its session. A server that is taken over can run what
//! it likes on the agent's account; run agents with an account that may do no more than the connections need.
//!
//! # What is promised of processes
//!
//! On Linux, everything that a command started ends with its session, whatever it did to get away (`setsid`, `nohup`, double fork): the supervisor
//! is child subreaper. A process of the same user that kills its supervisor and wipes its own environment can stay; a cgroup
//! ([`AgentConfig::cgroup`]) takes that away. Elsewhere only the command's own process group is ended.
//!
//! Neighbours: `gateway` has the wire types, `server` is the other end, `cli` builds the configuration and calls
//! [`supervise_if_asked`] before anything else.

mod address;
mod agent;
mod cgroup;
mod config;
mod dial;
mod environment;
mod error;
mod journal;
mod link;
mod links;
mod session;
mod sessions;
mod supervise;
mod supervisor;
mod sweep;
mod terminal;
mod verify;

pub use address::{AddressError, NodeUrl, Plaintext};
pub use agent::Agent;
pub use config::{AgentConfig, AgentLimits, SupervisorProgram, Surroundings};
pub use error::{AgentError, JournalError};
pub use supervise::{supervise_if_asked, supervise_main};
