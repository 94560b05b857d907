//! Lock files: opened without following links, never removed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Opens a lock file, making it if it is missing. Closed on exec, as all files of std.
pub(super) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
        .open(path)
}

/// Tries to take the lock; `None` when somebody else holds it.
pub(super) fn try_lock(file: File) -> io::Result<Option<File>> {
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// A wait for a lock, done by a thread because `flock` knows no timeout.
///
/// Dropping it early leaves the thread in the kernel's queue; when it gets the lock nobody takes it and it is
/// released at once.
#[derive(Debug)]
pub(super) struct LockWait {
    taken: mpsc::Receiver<io::Result<File>>,
}

impl LockWait {
    /// Begins to wait.
    pub(super) fn begin(file: File) -> io::Result<Self> {
        let (send, taken) = mpsc::channel();
        thread::Builder::new().name("lock".to_owned()).spawn(move || {
            let locked = file.lock().map(|()| file);
            // Nobody waits any more: the file is dropped and with it the lock.
            let _ = send.send(locked);
        })?;
        Ok(Self { taken })
    }

    /// Waits for at most `time`; `None` when the lock is still somebody else's.
    pub(super) fn within(&self, time: Duration) -> io::Result<Option<File>> {
        match self.taken.recv_timeout(time) {
            Ok(locked) => locked.map(Some),
            Err(mpsc::RecvTimeoutError::Timeout) => Ok(None),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(io::Error::other("the lock's thread ended")),
        }
    }
}

/// Takes the lock, waiting until `deadline`; `None` when it is still somebody else's then.
pub(super) fn lock_until(path: &Path, deadline: Instant) -> io::Result<Option<File>> {
    if let Some(file) = try_lock(open(path)?)? {
        return Ok(Some(file));
    }
    LockWait::begin(open(path)?)?.within(deadline.saturating_duration_since(Instant::now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_is_not_taken_and_a_released_one_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("l");
        let held = try_lock(open(&path).unwrap()).unwrap().unwrap();
        assert!(try_lock(open(&path).unwrap()).unwrap().is_none());
        let soon = Instant::now() + Duration::from_millis(20);
        assert!(lock_until(&path, soon).unwrap().is_none());
        let wait = LockWait::begin(open(&path).unwrap()).unwrap();
        drop(held);
        assert!(wait.within(Duration::from_secs(10)).unwrap().is_some());
    }

    #[test]
    fn a_symbolic_link_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target");
        std::os::unix::fs::symlink(&target, dir.path().join("l")).unwrap();
        assert!(open(&dir.path().join("l")).is_err());
        assert!(!target.exists());
    }
}
