//! The client's end of a session.
//!
//! [`Session::open`] dials the server and says what is wanted; [`Session::next`] tells what it answers until it says
//! `Started`; then [`Session::stream`] moves bytes both ways until the session has ended.

mod pump;
mod socket;

pub use pump::{Control, Streams};
pub use socket::{ClientError, Heard, Server, Session};
