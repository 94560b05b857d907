//! A settings file: read whole, written whole, never half.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use super::diff::diff;
use super::edit::Document;

/// Largest settings file, in bytes. What is larger is something else.
const FILE_MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Mode of a settings file that did not exist: settings may hold secrets.
const NEW_MODE: u32 = 0o600;

/// Why a settings file is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Reading or writing failed.
    #[error("could not {step} {path}")]
    Io {
        /// What was tried.
        step: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A symbolic link to nothing: where the file should be made is not ours to guess.
    #[error("{0} is a symbolic link to a file that does not exist; hint: create its target")]
    Dangling(PathBuf),
    /// A directory, a socket, …
    #[error("{0} is not a regular file")]
    NotAFile(PathBuf),
    /// Larger than a settings file can be.
    #[error("{path} is larger than {} MiB", FILE_MAX_BYTES / (1024 * 1024))]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Not valid JSON; nothing was changed.
    #[error("{path}:{line}:{column}: not valid JSON: {message}; nothing was changed")]
    NotJson {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// Valid JSON that the host would not understand either; nothing was changed.
    #[error("{path}: {what}; nothing was changed")]
    Shape {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Somebody wrote the file between plan and apply.
    #[error("{0} was changed meanwhile; nothing was changed by us; hint: try again")]
    Changed(PathBuf),
    /// A path that a settings file cannot hold.
    #[error("{0} is not an absolute path of plain text")]
    Path(PathBuf),
}

/// A settings file as it is, its symbolic links resolved.
#[derive(Debug, Clone)]
pub(super) struct SettingsFile {
    /// Where it really is: a link stays a link.
    pub(super) path: PathBuf,
    /// Its text; `None` when there is no file.
    pub(super) text: Option<String>,
}

impl SettingsFile {
    /// Reads it and makes sure that it is valid JSON or nothing.
    pub(super) fn read(path: &Path) -> Result<Self, SettingsError> {
        let path = resolve(path)?;
        let text = read_text(&path)?;
        if let Some(text) = text.as_deref().filter(|text| !text.trim().is_empty()) {
            serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|error| SettingsError::NotJson {
                path: path.clone(),
                line: error.line(),
                column: error.column(),
                message: without_place(&error),
            })?;
        }
        Ok(Self { path, text })
    }

    /// The text to edit: nothing counts as an empty object.
    pub(super) fn document(&self) -> Document {
        let text = self.text.as_deref().unwrap_or_default();
        Document::new(if text.trim().is_empty() { "{}\n".to_owned() } else { text.to_owned() })
    }

    /// Turns an edited text into a change.
    pub(super) fn change(self, after: Document, summary: Vec<String>) -> Change {
        let after = if summary.is_empty() { self.text.clone().unwrap_or_default() } else { after.into_text() };
        Change { path: self.path, before: self.text, after, summary }
    }
}

/// What would be written, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Change {
    /// The file, symbolic links resolved.
    pub path: PathBuf,
    /// Its text now; `None` when there is no file.
    pub before: Option<String>,
    /// Its text afterwards.
    pub after: String,
    /// One line per entry that changes; empty when nothing does.
    pub summary: Vec<String>,
}

impl Change {
    /// Says whether everything already is as it should be.
    pub fn is_empty(&self) -> bool {
        self.summary.is_empty()
    }

    /// The lines that change, for `--dry-run`.
    pub fn diff(&self) -> String {
        diff(self.before.as_deref().unwrap_or_default(), &self.after)
    }

    /// Writes the file, whole or not at all, with the mode and owner it had.
    ///
    /// Refuses when the file is no longer what the plan was made for.
    pub fn apply(&self) -> Result<(), SettingsError> {
        if self.is_empty() {
            return Ok(());
        }
        if read_text(&self.path)? != self.before {
            return Err(SettingsError::Changed(self.path.clone()));
        }
        let dir = self.path.parent().unwrap_or(Path::new("/"));
        let failed = |step| io_error(step, &self.path);
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed("create the directory of"))?;
        let unborn = unborn_name(&self.path);
        let written = self.write(&unborn);
        if written.is_err() {
            // The error is what matters; the leftover is ours and has a random name.
            let _ = fs::remove_file(&unborn);
        }
        written.map_err(failed("write"))?;
        // The rename itself is only durable with its directory; the file is whole in any case.
        let _ = File::open(dir).and_then(|dir| dir.sync_all());
        Ok(())
    }

    fn write(&self, unborn: &Path) -> io::Result<()> {
        let was = fs::metadata(&self.path).ok();
        let mode = was.as_ref().map_or(NEW_MODE, |was| was.mode() & 0o7777);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(NEW_MODE).open(unborn)?;
        file.write_all(self.after.as_bytes())?;
        let now = file.metadata()?;
        if let Some(was) = was.filter(|was| (was.uid(), was.gid()) != (now.uid(), now.gid())) {
            fchown(&file, Some(was.uid()), Some(was.gid()))?;
        }
        file.set_permissions(Permissions::from_mode(mode))?;
        file.sync_all()?;
        fs::rename(unborn, &self.path)
    }
}

/// The parser's words; line and column stand in front of them already.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let words = text.rsplit_once(" at line ").map_or(text.as_str(), |(words, _)| words);
    crate::text::one_line(words, 200)
}

/// A name beside the file that nobody else uses.
fn unborn_name(path: &Path) -> PathBuf {
    let mut random = [0; 8];
    // Without randomness the pid still tells us apart from others, and the file is made anew or not at all.
    let _ = getrandom::fill(&mut random);
    let random = u64::from_ne_bytes(random);
    let name = format!(".countersign.{}.{random:016x}", std::process::id());
    path.with_file_name(name)
}

/// Follows symbolic links to the file itself, which may not exist yet.
fn resolve(path: &Path) -> Result<PathBuf, SettingsError> {
    match fs::canonicalize(path) {
        Ok(real) => Ok(real),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::symlink_metadata(path) {
            Ok(_) => Err(SettingsError::Dangling(path.to_owned())),
            Err(_) => Ok(path.to_owned()),
        },
        Err(error) => Err(io_error("find", path)(error)),
    }
}

fn read_text(path: &Path) -> Result<Option<String>, SettingsError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(about) if !about.is_file() => return Err(SettingsError::NotAFile(path.to_owned())),
        _ => {}
    }
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(FILE_MAX_BYTES + 1).read_to_string(&mut text));
    if read.map_err(io_error("read", path))? as u64 > FILE_MAX_BYTES {
        return Err(SettingsError::TooLarge { path: path.to_owned() });
    }
    Ok(Some(text))
}

fn io_error(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SettingsError {
    let path = path.to_owned();
    move |source| SettingsError::Io { step, path, source }
}
