//! The client's way in: connect, or start the daemon and connect.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};

use super::lock_file::{self, LockWait};
use super::{DaemonSpec, Paths, PeerError, SpawnCommand, StartError, spawn, stop, verify_peer};

/// Longest wait for a place in the daemon's accept queue. A living daemon makes room in microseconds.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Longest wait for a daemon that was started, and for one that is leaving.
const START_MAX: Duration = Duration::from_secs(15);

/// How often a client that waits for a leaving daemon looks whether another one has come.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Where the kernel can do it at once, no fork of another thread can inherit the socket.
#[cfg(target_os = "linux")]
const CLOSE_ON_EXEC: SockFlag = SockFlag::SOCK_CLOEXEC;
#[cfg(not(target_os = "linux"))]
const CLOSE_ON_EXEC: SockFlag = SockFlag::empty();

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens: no daemon, or what a dead one left.
    #[error("no daemon is running")]
    Absent,
    /// The daemon lives but does not accept.
    #[error("the daemon does not accept connections")]
    Busy,
    /// Somebody else's daemon.
    #[error("the socket is not this user's")]
    Peer(#[source] PeerError),
    /// The system refused.
    #[error("could not connect to the daemon")]
    Io(#[source] io::Error),
}

/// Why client and daemon did not meet.
#[derive(Debug, thiserror::Error)]
pub enum MeetError {
    /// There is something at the socket, but not for us.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A lock could not be used.
    #[error("could not lock {path}")]
    Lock {
        /// The lock file.
        path: std::path::PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Another client is starting the daemon, or an old one is leaving, for longer than we may wait.
    #[error("{0}")]
    Late(String),
    /// The daemon did not start.
    #[error(transparent)]
    Start(#[from] StartError),
}

impl MeetError {
    /// Says whether trying again may help: the daemon came and went.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Connect(ConnectError::Absent | ConnectError::Busy))
    }
}

/// Connects to the daemon, if there is one, and verifies that it is the same user's.
///
/// Waits at most five seconds for a daemon that does not accept.
pub fn connect(paths: &Paths) -> Result<UnixStream, ConnectError> {
    let stream = open(paths).map_err(|errno| match errno {
        Errno::ENOENT | Errno::ECONNREFUSED => ConnectError::Absent,
        Errno::EAGAIN | Errno::ETIMEDOUT => ConnectError::Busy,
        other => ConnectError::Io(other.into()),
    })?;
    verify_peer(&stream).map_err(ConnectError::Peer)?;
    stream.set_write_timeout(None).map_err(ConnectError::Io)?;
    Ok(stream)
}

/// std cannot bound a connect; the kernel does, by the send timeout of a socket that is not connected yet.
fn open(paths: &Paths) -> Result<UnixStream, Errno> {
    let address = UnixAddr::new(&paths.socket())?;
    let family = AddressFamily::Unix;
    let socket = nix::sys::socket::socket(family, SockType::Stream, CLOSE_ON_EXEC, None)?;
    fcntl(&socket, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    let seconds = i64::try_from(CONNECT_MAX.as_secs()).unwrap_or(1);
    setsockopt(&socket, sockopt::SendTimeout, &TimeVal::seconds(seconds))?;
    loop {
        match nix::sys::socket::connect(socket.as_raw_fd(), &address) {
            Err(Errno::EINTR) => {}
            connected => return connected.map(|()| UnixStream::from(socket)),
        }
    }
}

/// Connects to the daemon, starting it when there is none.
///
/// However many clients come at once, one starts the daemon and the others wait in its lock. Nobody waits past
/// `deadline`.
pub fn meet(
    paths: &Paths,
    command: &SpawnCommand,
    spec: &DaemonSpec,
    deadline: Instant,
) -> Result<UnixStream, MeetError> {
    if let Some(stream) = present(connect(paths))? {
        return Ok(stream);
    }
    let _starting = take_start_lock(paths, deadline)?;
    if let Some(stream) = wait_for_the_seat(paths, deadline)? {
        return Ok(stream);
    }
    let started = spawn::start(paths, command, spec, sooner(deadline, START_MAX));
    match (started, connect(paths)) {
        // Somebody else's start won, by a way around the start lock: a daemon is a daemon.
        (_, Ok(stream)) => Ok(stream),
        (Err(error), Err(_)) => Err(error.into()),
        (Ok(()), Err(error)) => Err(error.into()),
    }
}

/// Nobody there is not an error yet.
fn present(connected: Result<UnixStream, ConnectError>) -> Result<Option<UnixStream>, ConnectError> {
    match connected {
        Ok(stream) => Ok(Some(stream)),
        Err(ConnectError::Absent) => Ok(None),
        Err(error) => Err(error),
    }
}

fn take_start_lock(paths: &Paths, deadline: Instant) -> Result<File, MeetError> {
    let path = paths.start_lock();
    match lock_file::lock_until(&path, deadline) {
        Ok(Some(lock)) => Ok(lock),
        Ok(None) => Err(MeetError::Late("another client is still starting the daemon".to_owned())),
        Err(source) => Err(MeetError::Lock { path, source }),
    }
}

/// Waits until no daemon lives, or one can be connected to.
///
/// A daemon that is leaving has no socket but still its lock. The lock is taken only to see that it is free, and
/// only while the start lock is held, so that this never meets a daemon that a client starts.
fn wait_for_the_seat(paths: &Paths, deadline: Instant) -> Result<Option<UnixStream>, MeetError> {
    let path = paths.life_lock();
    let failed = |source| MeetError::Lock { path: path.clone(), source };
    if let Some(stream) = present(connect(paths))? {
        return Ok(Some(stream));
    }
    let free = lock_file::open(&path).and_then(lock_file::try_lock);
    if free.map_err(failed)?.is_some() {
        return Ok(None);
    }
    let until = sooner(deadline, START_MAX);
    let wait = lock_file::open(&path).and_then(LockWait::begin).map_err(failed)?;
    while Instant::now() < until {
        if wait.within(LOOK_EVERY).map_err(failed)?.is_some() {
            return Ok(None);
        }
        if let Some(stream) = present(connect(paths))? {
            return Ok(Some(stream));
        }
    }
    Err(MeetError::Late(held_without_socket(paths)))
}

fn held_without_socket(paths: &Paths) -> String {
    let who = stop::read_pid(paths).map_or_else(String::new, |pid| format!(" (pid {pid})"));
    format!("a daemon{who} holds its lock but has no socket; hint: countersign hook --stop")
}

fn sooner(deadline: Instant, limit: Duration) -> Instant {
    deadline.min(Instant::now() + limit)
}
