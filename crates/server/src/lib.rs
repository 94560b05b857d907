//! The server: the Slack app, the doors and the workers around the approval engine.
//!
//! Two programs of it: the *personal daemon*, one user's, behind a Unix socket (`door`), and the access [`gateway`], a
//! team's, behind HTTP. Both ask in Slack (`slack`) with what [`render`] draws from stored state. It sees ports, never a
//! database.
//!
//! Neighbours: `approval` decides, `slack-sdk` brings clicks, `hook` has the wire's types, `cli` puts it all together.

mod audit_key;
mod core;
pub mod daemon;
mod door;
mod dossier;
pub mod gateway;
mod installation;
mod personal;
pub mod render;
mod scopes;
mod slack;
mod strangers;
mod upkeep;
mod waiting;
mod withdraw;
mod workers;

pub use audit_key::{AuditKey, AuditKeyError, signature_holds};
pub use personal::{Limits, ORPHAN_GRACE, Personal, Settings};
pub use scopes::{GATEWAY_SCOPES, SCOPES, ScopeUse, missing as missing_scopes};
pub use slack::SlackApp;

/// An error with its causes on one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // A transparent error repeats its source.
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
