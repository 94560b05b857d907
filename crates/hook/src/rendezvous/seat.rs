//! The daemon's seat: its lock, its socket, its pid file.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::paths::Paths;
use super::{lock_file, stop};

/// How often the life lock is tried, [`TRY_EVERY`] apart, before it counts as held.
///
/// A client that is about to start a daemon holds the lock for some microseconds to see that it is free.
const TRIES: u32 = 20;
/// Time between two tries.
const TRY_EVERY: Duration = Duration::from_millis(5);

/// Why the seat could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum SeatError {
    /// Another daemon lives.
    #[error("a daemon is already running{}", pid.map_or_else(String::new, |pid| format!(" (pid {pid})")))]
    Taken {
        /// Its pid, as its pid file says.
        pid: Option<i32>,
    },
    /// The system refused a step.
    #[error("could not {step} in {dir}")]
    Io {
        /// What was tried.
        step: &'static str,
        /// Where.
        dir: std::path::PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

/// The right to be the daemon, held until it is dropped.
///
/// Connections are accepted by the kernel from the moment this exists; they wait until the listener is read.
/// Dropping it removes the socket and the pid file *before* the lock is released, so nobody else's are removed.
#[derive(Debug)]
pub struct Seat {
    paths: Paths,
    listener: Option<UnixListener>,
    door_open: bool,
    /// Released by the kernel when this is closed.
    _life: File,
}

impl Seat {
    /// Takes the life lock, removes what a dead daemon left, and binds the socket (mode 0600).
    ///
    /// Blocks for a tenth of a second at most. The process must not fork without exec while it has the seat: a child
    /// would share the lock.
    pub fn take(paths: &Paths) -> Result<Self, SeatError> {
        let failed = |step| {
            let dir = paths.dir().to_owned();
            move |source| SeatError::Io { step, dir, source }
        };
        let life = take_life_lock(&paths.life_lock()).map_err(failed("take the lock"))?;
        let Some(life) = life else {
            let pid = stop::read_pid(paths);
            return Err(SeatError::Taken { pid });
        };
        let listener = bind(paths).map_err(failed("bind the socket"))?;
        let seat = Self { paths: paths.clone(), listener: Some(listener), door_open: true, _life: life };
        write_pid(paths).map_err(failed("write the pid file"))?;
        Ok(seat)
    }

    /// Hands out the listener, once. It is blocking; an async runtime sets it non-blocking.
    pub fn take_listener(&mut self) -> Option<UnixListener> {
        self.listener.take()
    }

    /// Where this seat is.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// Removes the socket but stays the daemon: for one that is leaving.
    ///
    /// New clients then wait for the lock instead of being told again that this daemon is leaving.
    pub fn close_door(&mut self) {
        if std::mem::take(&mut self.door_open) {
            // Whether or not it was there: afterwards it is not, and there is nobody to tell.
            let _ = fs::remove_file(self.paths.socket());
        }
        self.listener = None;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.close_door();
        // Still under the lock; nobody to tell.
        let _ = fs::remove_file(self.paths.pid_file());
    }
}

/// Tries for a moment, because looking whether the lock is free means holding it.
fn take_life_lock(path: &Path) -> io::Result<Option<File>> {
    for _ in 1..TRIES {
        if let Some(file) = lock_file::try_lock(lock_file::open(path)?)? {
            return Ok(Some(file));
        }
        thread::sleep(TRY_EVERY);
    }
    lock_file::try_lock(lock_file::open(path)?)
}

/// Binds under another name and renames: a socket that can be seen can be connected to.
fn bind(paths: &Paths) -> io::Result<UnixListener> {
    let unborn = paths.unborn_socket();
    remove_if_there(&unborn)?;
    let listener = UnixListener::bind(&unborn)?;
    fs::set_permissions(&unborn, Permissions::from_mode(0o600))?;
    fs::rename(&unborn, paths.socket())?;
    Ok(listener)
}

/// Writes the pid file, by a rename too.
fn write_pid(paths: &Paths) -> io::Result<()> {
    let unborn = paths.unborn_socket();
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unborn)?;
    writeln!(file, "{}", std::process::id())?;
    fs::rename(&unborn, paths.pid_file())
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rendezvous::{DaemonKey, connect};
    use std::os::unix::fs::MetadataExt;

    fn paths(dir: &tempfile::TempDir) -> Paths {
        let key = DaemonKey::derive("https://slack.com/api/", "xapp-1-A1-1-x");
        Paths::in_dir(&dir.path().join("run"), key).unwrap()
    }

    #[test]
    fn a_seat_can_be_connected_to_and_leaves_nothing_but_its_locks() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        let seat = Seat::take(&paths).unwrap();
        assert_eq!(fs::metadata(paths.socket()).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(paths.pid_file()).unwrap(), format!("{}\n", std::process::id()));
        connect(&paths).unwrap();
        drop(seat);
        let mut left: Vec<_> = fs::read_dir(paths.dir()).unwrap().map(|entry| entry.unwrap().path()).collect();
        left.sort();
        assert_eq!(left, [paths.life_lock()]);
    }

    #[test]
    fn a_second_seat_is_refused_and_harms_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        let _seat = Seat::take(&paths).unwrap();
        let error = Seat::take(&paths).unwrap_err();
        let us = i32::try_from(std::process::id()).unwrap();
        assert!(matches!(error, SeatError::Taken { pid: Some(pid) } if pid == us));
        connect(&paths).unwrap();
    }

    #[test]
    fn what_a_dead_daemon_left_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        drop(UnixListener::bind(paths.socket()).unwrap());
        fs::write(paths.unborn_socket(), "half").unwrap();
        // Pid 1 is alive, but holds no lock: it is not the daemon.
        fs::write(paths.pid_file(), "1\n").unwrap();
        let _seat = Seat::take(&paths).unwrap();
        connect(&paths).unwrap();
        assert_ne!(fs::read_to_string(paths.pid_file()).unwrap(), "1\n");
    }

    #[test]
    fn a_closed_door_keeps_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        let mut seat = Seat::take(&paths).unwrap();
        seat.close_door();
        assert!(!paths.socket().exists());
        assert!(matches!(Seat::take(&paths), Err(SeatError::Taken { pid: Some(_) })));
        drop(seat);
        assert!(Seat::take(&paths).is_ok());
    }
}
