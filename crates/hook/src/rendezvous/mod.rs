//! Where client and daemon meet, for both ends.
//!
//! In a directory of the user's own (0700, verified) there are four names per daemon:
//!
//! | name | what it is |
//! |---|---|
//! | `<key>.sock` | the daemon's socket; appears by a rename, so it is complete when it is seen |
//! | `<key>.start.lock` | held by the one client that is starting a daemon; the others wait in it |
//! | `<key>.lock` | held by the daemon for life: the only truth about who it is |
//! | `<key>.pid` | for people, and for [`stop()`] together with the held lock |
//!
//! The lock files are never removed: removing a lock file lets two processes hold "the" lock. Locks are
//! `flock` locks: the kernel releases them however a process ends, and no reused pid can pretend.
//!
//! The client connects; if nobody answers it takes the start lock, connects again, starts the daemon,
//! waits for its readiness line and releases. Both ends check that the other one is the same user.

mod door;
mod key;
mod lock_file;
mod paths;
mod peer;
mod readiness;
mod seat;
mod spawn;
mod stop;

pub use door::{ConnectError, MeetError, connect, meet};
pub use key::{DaemonKey, DaemonKeyError};
pub use paths::{Paths, PathsError, candidates};
pub use peer::{PeerError, verify_peer};
pub use readiness::{Readiness, StartError};
pub use seat::{Seat, SeatError};
pub use spawn::{DaemonSpec, SpawnCommand, SpecError, detach};
pub use stop::{Ended, StopError, read_pid, stop, wait_until_gone};
