//! Logs: on stderr for commands, in a capped file for the daemon.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::output::Hinted;

use tracing_subscriber::{EnvFilter, fmt::MakeWriter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Size at which the daemon's log is moved to `.1`: together with that one it stays below twice this.
const LOG_CAP_BYTES: u64 = 4 * 1024 * 1024;

/// A filter from a level or a list of directives; `None` when it is neither.
///
/// A single word has to be a level: taken as a target's name, a misspelt level would switch nearly everything off.
fn filter(level: &str) -> Option<EnvFilter> {
    let is_word = !level.contains(['=', ',', '[']);
    if level.is_empty() || is_word && level.parse::<tracing::metadata::LevelFilter>().is_err() {
        return None;
    }
    EnvFilter::try_new(level).ok()
}

/// Logs to stderr.
pub(crate) fn to_stderr(level: &str) -> anyhow::Result<()> {
    let filter = filter(level).ok_or_else(|| {
        Hinted::new(format!("{level:?} is no log level")).hint("error, warn, info, debug, trace or off")
    })?;
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_target(true);
    tracing_subscriber::registry().with(filter).with(layer).init();
    Ok(())
}

/// Logs to a capped file. A level that is none is `info`: a daemon does not die of it.
pub(crate) fn to_file(path: &Path, level: &str) -> io::Result<()> {
    let filter = filter(level).unwrap_or_else(|| EnvFilter::new("info"));
    let layer = tracing_subscriber::fmt::layer().with_writer(CappedFile::open(path)?).with_ansi(false);
    tracing_subscriber::registry().with(filter).with(layer).init();
    Ok(())
}

/// A log file that is moved aside when it is full.
///
/// Several daemons may write to it (one for each Slack app), so nothing is remembered of it: what lies there now is looked
/// at before each line.
#[derive(Debug)]
struct CappedFile {
    path: PathBuf,
    /// Locked for one write.
    open: Mutex<File>,
}

impl CappedFile {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), open: Mutex::new(open(path)?) })
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_there(&file) || self.make_room(&file, bytes.len() as u64) {
            // Without a new file (no descriptor left, say) the old one goes on: a log too long beats none.
            if let Ok(fresh) = open(&self.path) {
                *file = fresh;
            }
        }
        file.write_all(bytes)
    }

    /// Whether the log is still this file, and not another since it was removed or moved aside.
    fn is_there(&self, file: &File) -> bool {
        let place = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
        let (ours, theirs) = (file.metadata().map(place), std::fs::metadata(&self.path).map(place));
        matches!((ours, theirs), (Ok(ours), Ok(theirs)) if ours == theirs)
    }

    /// Moves a full file aside; answers whether the log is another file now. Under a lock on the file, so that of two daemons
    /// one moves it, and the other does not move the new one after it.
    fn make_room(&self, file: &File, more: u64) -> bool {
        if file.metadata().map_or(0, |metadata| metadata.len()).saturating_add(more) <= LOG_CAP_BYTES {
            return false;
        }
        if file.lock().is_err() {
            return false;
        }
        let moved = !self.is_there(file) || std::fs::rename(&self.path, self.path.with_extension("log.1")).is_ok();
        // Goes with the file as well, but only when every copy of its descriptor is closed.
        let _ = file.unlock();
        moved
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// One log line on its way.
#[derive(Debug)]
struct Line<'a>(&'a CappedFile);

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.append(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for CappedFile {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_log_is_moved_aside_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("daemon.log");
        let log = CappedFile::open(&path).unwrap();
        let line = vec![b'x'; 1024 * 1024];
        for _ in 0..10 {
            log.append(&line).unwrap();
        }
        let size = |path: &Path| std::fs::metadata(path).unwrap().len();
        assert!(size(&path) <= LOG_CAP_BYTES);
        assert!(size(&dir.path().join("daemon.log.1")) <= LOG_CAP_BYTES);
    }

    #[test]
    fn a_log_that_was_removed_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("daemon.log");
        let log = CappedFile::open(&path).unwrap();
        let line = vec![b'x'; 1024 * 1024];
        for _ in 0..4 {
            log.append(&line).unwrap();
        }
        std::fs::remove_file(&path).unwrap();
        log.append(&line).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), line.len() as u64);
    }

    #[test]
    fn two_daemons_share_a_log_that_stays_capped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("daemon.log");
        let (one, other) = (CappedFile::open(&path).unwrap(), CappedFile::open(&path).unwrap());
        let line = vec![b'x'; 1024 * 1024];
        let size = |path: &Path| std::fs::metadata(path).unwrap().len();
        for _ in 0..3 {
            one.append(&line).unwrap();
            other.append(&line).unwrap();
            assert!(size(&path) <= LOG_CAP_BYTES);
        }
        // Moved aside once, whole; and both write to the new one.
        assert_eq!(size(&dir.path().join("daemon.log.1")), LOG_CAP_BYTES);
        assert_eq!(size(&path), 2 * line.len() as u64);
        one.append(b"one\n").unwrap();
        other.append(b"other\n").unwrap();
        assert!(std::fs::read(&path).unwrap().ends_with(b"one\nother\n"));
    }

    #[test]
    fn a_misspelt_level_is_none() {
        for level in ["info", "OFF", "warn,countersign_slack=debug"] {
            assert!(filter(level).is_some(), "{level}");
        }
        for level in ["inof", "nonsense", ""] {
            assert!(filter(level).is_none(), "{level}");
        }
    }
}
