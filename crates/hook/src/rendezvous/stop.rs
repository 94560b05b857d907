//! Ending the daemon: by asking, else by a signal to the proven holder of the lock.

use std::fs;
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::lock_file::{self, LockWait};
use super::{ConnectError, Paths, connect};
use crate::text::one_line;
use crate::wire::{ANSWER_MAX_BYTES, Hello, Op, Outcome, RequestKey, RequestKeyError, ServerLine, read_line_capped};

/// How long a daemon may take to answer that it is leaving, before it counts as hung.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// How long a daemon without a socket may take to leave by itself, before it counts as hung.
///
/// One that was just stopped has removed its socket and is about to let its lock go.
const LEAVING_MAX: Duration = Duration::from_secs(1);

/// How a daemon came to be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// There was none.
    WasNotRunning,
    /// It was asked and left.
    Asked,
    /// It did not answer; the proven holder of its lock got SIGTERM.
    Signalled {
        /// Its pid.
        pid: i32,
    },
}

/// Why a daemon is still there, or may be.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// The socket is not to be used.
    #[error(transparent)]
    Connect(ConnectError),
    /// The daemon said no.
    #[error("the daemon refused to stop: {0}")]
    Refused(String),
    /// A lock or a signal failed.
    #[error("could not stop the daemon")]
    Io(#[from] io::Error),
    /// No request key could be drawn.
    #[error(transparent)]
    Key(#[from] RequestKeyError),
    /// Somebody holds the lock, but it is not proven who.
    #[error("a daemon holds {lock} but does not answer, and {pid} is not proven to be it; hint: {hint}")]
    Unproven {
        /// The life lock.
        lock: std::path::PathBuf,
        /// What the pid file says.
        pid: String,
        /// What to do.
        hint: String,
    },
    /// It got the message and is still there.
    #[error("the daemon has not ended yet; hint: try again, or see its log")]
    Late,
}

/// Ends the daemon, waiting until its lock is free or `deadline` has passed.
///
/// It is asked through its socket first. Only when that is dead and the lock is held, the process that is proven to
/// hold it (Linux: it has the lock file open and is the same user's) gets SIGTERM. Processes are never looked for by name.
pub fn stop(paths: &Paths, version: &str, deadline: Instant) -> Result<Ended, StopError> {
    match connect(paths) {
        Ok(stream) => {
            if ask(stream, version, deadline)? {
                return gone(paths, deadline, Ended::Asked);
            }
        }
        Err(ConnectError::Absent) if is_free(paths)? => return Ok(Ended::WasNotRunning),
        Err(ConnectError::Absent | ConnectError::Busy) => {}
        Err(error) => return Err(StopError::Connect(error)),
    }
    if wait_until_gone(paths, deadline.min(Instant::now() + LEAVING_MAX))? {
        return Ok(Ended::Asked);
    }
    let pid = proven_holder(paths)?;
    kill(Pid::from_raw(pid), Signal::SIGTERM).map_err(io::Error::from)?;
    gone(paths, deadline, Ended::Signalled { pid })
}

/// Waits until no daemon lives; `false` when one still does at `deadline`.
pub fn wait_until_gone(paths: &Paths, deadline: Instant) -> io::Result<bool> {
    let wait = LockWait::begin(lock_file::open(&paths.life_lock())?)?;
    let time = deadline.saturating_duration_since(Instant::now());
    Ok(wait.within(time)?.is_some())
}

/// What the pid file says. It is for people: a pid alone proves nothing.
pub fn read_pid(paths: &Paths) -> Option<i32> {
    let mut text = String::new();
    let file = fs::File::open(paths.pid_file()).ok()?;
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok().filter(|&pid| pid > 1)
}

fn gone(paths: &Paths, deadline: Instant, how: Ended) -> Result<Ended, StopError> {
    if wait_until_gone(paths, deadline)? { Ok(how) } else { Err(StopError::Late) }
}

fn is_free(paths: &Paths) -> io::Result<bool> {
    let lock = lock_file::open(&paths.life_lock())?;
    Ok(lock_file::try_lock(lock)?.is_some())
}

/// Asks, and says whether the daemon took it: an answer, or the end of the connection.
fn ask(mut stream: UnixStream, version: &str, deadline: Instant) -> Result<bool, StopError> {
    let until = deadline.min(Instant::now() + ANSWER_MAX);
    let time = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let wait_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    stream.set_read_timeout(Some(time))?;
    stream.set_write_timeout(Some(time))?;
    let hello = Hello::new(Op::Stop, RequestKey::random()?, version, wait_ms);
    if stream.write_all(&hello.to_line()).is_err() {
        return Ok(false);
    }
    let mut reader = BufReader::new(stream);
    let line = match read_line_capped(&mut reader, &mut Vec::new(), ANSWER_MAX_BYTES) {
        Ok(Some(line)) => line,
        Ok(None) => return Ok(true),
        Err(_) => return Ok(false),
    };
    match ServerLine::parse(&line) {
        Ok(ServerLine::Final(answer)) if answer.outcome == Outcome::Refused => {
            let reason = answer.reason.unwrap_or_default();
            Err(StopError::Refused(one_line(&reason, 200)))
        }
        parsed => Ok(parsed.is_ok()),
    }
}

/// The pid in the pid file, if it is proven to hold the life lock.
fn proven_holder(paths: &Paths) -> Result<i32, StopError> {
    let pid = read_pid(paths);
    match pid {
        Some(pid) if has_open(paths, pid).unwrap_or(false) => Ok(pid),
        _ => Err(StopError::Unproven {
            lock: paths.life_lock(),
            pid: pid.map_or_else(|| "no pid".to_owned(), |pid| format!("pid {pid}")),
            hint: format!("find the holder with `fuser {}`", paths.life_lock().display()),
        }),
    }
}

/// Says whether another process of this user has the life lock open. Without `/proc` nothing is proven.
fn has_open(paths: &Paths, pid: i32) -> io::Result<bool> {
    if u32::try_from(pid).is_ok_and(|pid| pid == std::process::id()) {
        return Ok(false);
    }
    let lock = fs::metadata(paths.life_lock())?;
    let process = format!("/proc/{pid}");
    if fs::metadata(&process)?.uid() != nix::unistd::geteuid().as_raw() {
        return Ok(false);
    }
    let mut descriptors = fs::read_dir(format!("{process}/fd"))?.flatten();
    Ok(descriptors
        .any(|entry| fs::metadata(entry.path()).is_ok_and(|file| (file.dev(), file.ino()) == (lock.dev(), lock.ino()))))
}
