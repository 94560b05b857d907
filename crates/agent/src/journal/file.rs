//! The journal's file: lines of text.

use std::{
    fmt,
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use countersign_gateway::{SessionEnd, SessionId};

use crate::error::JournalError;

/// First line of the file.
const HEAD: &str = "countersign-agent-journal 1";

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// `begun ID`
    Begun(SessionId),
    /// `ended ID JSON`
    Ended(SessionId, SessionEnd),
    /// `floor ID`
    Floor(SessionId),
}

/// The open file, and the lock beside it that lasts as long as this does.
#[derive(Debug)]
pub(super) struct JournalFile {
    dir: PathBuf,
    file: File,
    lines: usize,
    /// After a failed write nobody knows what the file's end looks like, so nothing may begin any more.
    broken: bool,
    _lock: File,
}

impl JournalFile {
    pub(super) fn open(dir: &Path) -> Result<(Self, Vec<Line>), JournalError> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed(dir, "made"))?;
        let lock_path = dir.join("lock");
        let lock = private().write(true).create(true).truncate(false).open(&lock_path);
        let lock = lock.map_err(failed(&lock_path, "opened"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(JournalError::InUse(dir.to_owned())),
            Err(std::fs::TryLockError::Error(error)) => return Err(failed(&lock_path, "locked")(error)),
        }
        let path = dir.join("journal");
        let mut file = private().read(true).append(true).create(true).open(&path).map_err(failed(&path, "opened"))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed(&path, "read"))?;
        let lines = parse(&bytes).ok_or_else(|| JournalError::Foreign(path.clone()))?;
        Ok((Self { dir: dir.to_owned(), file, lines: lines.len(), broken: false, _lock: lock }, lines))
    }

    pub(super) const fn lines(&self) -> usize {
        self.lines
    }

    /// Writes lines; when they are to be durable, they are on the disk when this returns.
    pub(super) fn append(&mut self, lines: &[&Line], durable: bool) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("the journal could not be written before; start the agent anew"));
        }
        let text = text_of(lines.iter().copied());
        let written = self.file.write_all(text.as_bytes());
        let written = written.and_then(|()| if durable { self.file.sync_data() } else { Ok(()) });
        self.broken = written.is_err();
        self.lines += lines.len();
        written
    }

    /// Puts a new file in the place of the old one.
    pub(super) fn rewrite(&mut self, lines: &[Line]) -> Result<(), JournalError> {
        let (new, path) = (self.dir.join("journal.new"), self.dir.join("journal"));
        let text = text_of(lines);
        let mut file = private().write(true).create(true).truncate(true).open(&new).map_err(failed(&new, "opened"))?;
        let written = file.write_all(format!("{HEAD}\n{text}").as_bytes()).and_then(|()| file.sync_all());
        written.map_err(failed(&new, "written"))?;
        std::fs::rename(&new, &path).map_err(failed(&path, "replaced"))?;
        File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(failed(&self.dir, "flushed"))?;
        self.file = private().append(true).open(&path).map_err(failed(&path, "opened"))?;
        self.lines = lines.len();
        Ok(())
    }
}

fn text_of<'a>(lines: impl IntoIterator<Item = &'a Line>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(&line.to_string());
        text.push('\n');
    }
    text
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

fn failed(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> JournalError {
    move |source| JournalError::Io { path: path.to_owned(), doing, source }
}

/// The lines of a file; `None` when it is something else. What does not end in a newline was never finished.
fn parse(bytes: &[u8]) -> Option<Vec<Line>> {
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
    let (whole, torn) = bytes.split_at_checked(whole)?;
    if !torn.is_empty() {
        tracing::warn!("the journal's last line was not finished; what it was about had not begun");
    }
    let text = String::from_utf8_lossy(whole);
    let mut lines = text.lines();
    match lines.next() {
        None => return Some(Vec::new()),
        Some(HEAD) => {}
        Some(_) => return None,
    }
    Some(lines.filter_map(parse_line).collect())
}

fn parse_line(text: &str) -> Option<Line> {
    let (word, rest) = text.split_once(' ')?;
    let line = match word {
        "begun" => rest.parse().ok().map(Line::Begun),
        "floor" => rest.parse().ok().map(Line::Floor),
        "ended" => rest
            .split_once(' ')
            .and_then(|(session, end)| Some(Line::Ended(session.parse().ok()?, serde_json::from_str(end).ok()?))),
        _ => None,
    };
    if line.is_none() {
        tracing::warn!("a line of the journal cannot be read, and is left out");
    }
    line
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begun(session) => write!(f, "begun {session}"),
            Self::Floor(session) => write!(f, "floor {session}"),
            Self::Ended(session, end) => {
                // JSON has no line breaks of its own, so that a line stays a line.
                let end = serde_json::to_string(end).map_err(|_| fmt::Error)?;
                write!(f, "ended {session} {end}")
            }
        }
    }
}
