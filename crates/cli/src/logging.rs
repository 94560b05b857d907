//! Logs: on stderr for commands, in a capped file for the daemon.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt as _,
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
#[derive(Debug)]
struct CappedFile {
    path: PathBuf,
    /// Locked for one write.
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    written: u64,
}

impl CappedFile {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), open: Mutex::new(open(path)?) })
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut current = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if current.written.saturating_add(bytes.len() as u64) > LOG_CAP_BYTES {
            // The full file is gone already when somebody removed it, or another daemon moved it aside.
            let _ = std::fs::rename(&self.path, self.path.with_extension("log.1"));
            // Without a new file (no descriptor left, say) the full one goes on: a log too long beats none.
            if let Ok(fresh) = open(&self.path) {
                *current = fresh;
            }
        }
        current.written += bytes.len() as u64;
        current.file.write_all(bytes)
    }
}

fn open(path: &Path) -> io::Result<Open> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    let written = file.metadata()?.len();
    Ok(Open { file, written })
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
    fn a_misspelt_level_is_none() {
        for level in ["info", "OFF", "warn,countersign_slack=debug"] {
            assert!(filter(level).is_some(), "{level}");
        }
        for level in ["inof", "nonsense", ""] {
            assert!(filter(level).is_none(), "{level}");
        }
    }
}
