//! The Slack protocol.
//!
//! Identifiers, the Web API's method table, Block Kit with its limits, interaction payloads, a Web API client, Socket
//! Mode, request signatures, app manifests and the hooks of the Slack CLI. This crate knows nothing of approvals: it is what
//! a Slack client and a local Slack
//! workspace have in common, so both obey the same table and the same limits.
//!
//! Neighbours: `countersign-slack-sdk` builds a framework for apps on it, `countersign-slack-workspace` the local Slack.

pub mod blocks;
pub mod client;
pub mod hooks;
pub mod ids;
pub mod manifest;
pub mod method;
pub mod payload;
pub mod signature;
pub mod socket_mode;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod testing;
