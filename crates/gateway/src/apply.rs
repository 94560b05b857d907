//! The declarative file: how everything should be, compared with how it is.
//!
//! [`Document`] is what stands in the file, [`Desired`] the same checked, [`Plan`] its difference to a [`State`]. All of it
//! is pure: the server reads the state, and does what the plan says through the functions of its own API.
//!
//! A section that is left out is not looked at. With `prune: true` what a section does not name is deleted.
//! Secrets are compared where they are sealed ([`SameSecret`]) and never shown.

mod desired;
mod difference;
mod document;
mod plan;

pub use desired::Desired;
pub use difference::{SameSecret, State, plan};
pub use document::{Document, MAX_FILE_BYTES, ReadError};
pub use plan::{Action, FieldChange, Kind, Plan, Step};
