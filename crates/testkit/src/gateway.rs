//! The access gateway as a whole: servers, agents, people at their terminals, approvers in Slack.
//!
//! Everything is the real binary; only the workspace runs in the test's own process.

mod agent;
mod node;
mod person;
mod program;
mod scene;
mod terminal;

pub use agent::AgentProcess;
pub use node::Node;
pub use person::Person;
pub use program::{Ended, Program};
pub use scene::{Backend, GatewayApp, GatewaySettings};
pub use terminal::Terminal;
