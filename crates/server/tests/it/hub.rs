//! The session hub, spoken to on the wire: well-behaved and hostile agents and clients.

mod agents;
mod node;
mod recordings;
mod restart;
mod reviewed;
mod sessions;
mod wire;
