//! The small JSON files that the official command line and we share.
//!
//! An empty file is as good as none: a writer was interrupted. Whatever is written is written whole, and what nobody here
//! knows is kept. Whoever changes one holds a lock meanwhile, so that two commands at once lose nothing of each other's.

use std::{
    fs::{self, File, TryLockError},
    io::{ErrorKind, Read as _, Write as _},
    path::Path,
};

use serde_json::{Map, Value};

use crate::{Code, Failure, failure::io};

/// The largest file that is read; real ones have a few KiB.
const MAX_BYTES: u64 = 8 * 1024 * 1024;
/// How the names of files begin that are about to take another's place.
pub(crate) const TEMPORARY: &str = ".countersign-";

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner: there are secrets in it.
    Owner,
    /// Whoever may read the project.
    Everyone,
}

/// Reads an object; a file that is not there, or is empty, is an empty one.
pub(crate) fn read(path: &Path) -> Result<Map<String, Value>, Failure> {
    let Some(text) = read_text(path)? else { return Ok(Map::new()) };
    // Editors of some systems write a byte-order mark.
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(text).map_err(|error| {
        Failure::new(Code::UnableToParseJson, format!("{} is not what it should be: a JSON object", path.display()))
            .detail(format!("{}:{}:{}: {error}", path.display(), error.line(), error.column()))
            .remedy("mend the file; or delete it, and what it holds is forgotten")
    })
}

fn read_text(path: &Path) -> Result<Option<String>, Failure> {
    let failed = |error: &std::io::Error| io("read", path, error);
    let described = match fs::metadata(path) {
        Ok(described) => described,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(failed(&error)),
    };
    // Anything but a file (a pipe, say) might never end.
    if !described.is_file() {
        return Err(Failure::new(Code::FileSystem, format!("{} is not a file", path.display())));
    }
    let mut text = String::new();
    let file = File::open(path).map_err(|error| failed(&error))?;
    file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(|error| failed(&error))?;
    if text.len() as u64 > MAX_BYTES {
        return Err(Failure::new(Code::FileSystem, format!("{} is larger than 8 MiB", path.display())));
    }
    Ok(Some(text))
}

/// Changes an object under its lock; it is written where the change says so, or failed with what the change failed with.
pub(crate) fn change<T>(
    path: &Path,
    readers: Readers,
    change: impl FnOnce(&mut Map<String, Value>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let _lock = Lock::take(path, readers)?;
    let before = read(path)?;
    let mut after = before.clone();
    let answer = change(&mut after)?;
    if after != before {
        write(path, readers, &after)?;
    }
    Ok(answer)
}

/// Writes an object whole or not at all; whoever changes what is there holds its [`Lock`].
pub(crate) fn write(path: &Path, readers: Readers, object: &Map<String, Value>) -> Result<(), Failure> {
    let failed = |error: &std::io::Error| io("write", path, error);
    // A file that is a link elsewhere (somebody keeps it in a repository of settings) stays one.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let directory = target.parent().unwrap_or(Path::new("."));
    make_directory(directory, readers)?;
    let mut text = serde_json::to_vec_pretty(object).map_err(|error| failed(&error.into()))?;
    text.push(b'\n');
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(if readers == Readers::Owner { 0o600 } else { 0o644 }));
    }
    let mut file = builder.tempfile_in(directory).map_err(|error| failed(&error))?;
    file.write_all(&text).and_then(|()| file.as_file().sync_all()).map_err(|error| failed(&error))?;
    file.persist(&target).map_err(|error| failed(&error.error))?;
    Ok(())
}

fn make_directory(directory: &Path, readers: Readers) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    let _ = readers;
    builder.create(directory).map_err(|error| io("create", directory, &error))
}

/// Keeps other commands from changing a file meanwhile.
#[derive(Debug)]
#[must_use]
pub(crate) struct Lock(#[expect(dead_code, reason = "the lock lasts as long as the file is open")] File);

impl Lock {
    /// Waits until nobody else changes the file.
    pub(crate) fn take(path: &Path, readers: Readers) -> Result<Self, Failure> {
        let directory = path.parent().unwrap_or(Path::new("."));
        make_directory(directory, readers)?;
        let file = Self::open(directory, path).map_err(|error| io("lock", path, &error))?;
        match file.lock() {
            // Some network file systems have no locks: better without one than not at all.
            Err(error) if error.kind() != ErrorKind::Unsupported => Err(io("lock", path, &error)),
            _ => Ok(Self(file)),
        }
    }

    /// Takes it where nobody else changes the file just now.
    pub(crate) fn try_take(path: &Path, readers: Readers) -> Result<Option<Self>, Failure> {
        let directory = path.parent().unwrap_or(Path::new("."));
        make_directory(directory, readers)?;
        let file = Self::open(directory, path).map_err(|error| io("lock", path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(Some(Self(file))),
            Err(TryLockError::Error(error)) => Err(io("lock", path, &error)),
        }
    }

    /// The directory itself is what is locked: no further file lies around in somebody's project.
    #[cfg(unix)]
    fn open(directory: &Path, _: &Path) -> std::io::Result<File> {
        File::open(directory)
    }

    /// Directories cannot be locked here.
    #[cfg(not(unix))]
    fn open(_: &Path, path: &Path) -> std::io::Result<File> {
        File::options().write(true).create(true).truncate(false).open(path.with_extension("lock"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(object) = value else { panic!("{value} is no object") };
        object
    }

    #[test]
    fn a_file_that_is_missing_or_empty_is_an_empty_object() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.json");
        assert!(read(&path).unwrap().is_empty());
        for text in ["", " \n", "\u{feff}", "\u{feff}{}"] {
            fs::write(&path, text).unwrap();
            assert!(read(&path).unwrap().is_empty(), "{text:?}");
        }
    }

    #[test]
    fn a_truncated_file_says_where_it_ends_and_is_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.json");
        for text in ["{\"T1\": {\"tok", "[]", "null", "{} {}", "\u{1}"] {
            fs::write(&path, text).unwrap();
            let failure = change(&path, Readers::Owner, |_| Ok(())).unwrap_err();
            assert_eq!(failure.code(), &Code::UnableToParseJson, "{text}");
            assert!(failure.details()[0].contains("x.json:1:"), "{failure:?}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn what_is_no_file_or_too_large_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(read(directory.path()).unwrap_err().code(), &Code::FileSystem);
        let path = directory.path().join("x.json");
        File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("larger"));
    }

    #[test]
    fn a_change_keeps_what_it_does_not_know() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/x.json");
        change(&path, Readers::Everyone, |all| Ok(all.insert("a".to_owned(), json!({"unknown": [1]})))).unwrap();
        change(&path, Readers::Everyone, |all| Ok(all.insert("b".to_owned(), json!(2)))).unwrap();
        assert_eq!(read(&path).unwrap(), object(json!({"a": {"unknown": [1]}, "b": 2})));
    }

    #[cfg(unix)]
    #[test]
    fn secrets_are_their_owners_and_links_stay_links() {
        use std::os::unix::fs::PermissionsExt as _;

        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("x.json"), directory.path().join("link.json"));
        fs::write(&path, "{}").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        change(&link, Readers::Owner, |all| Ok(all.insert("a".to_owned(), json!(1)))).unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "nothing else is left behind");
    }

    #[test]
    fn changes_at_once_lose_nothing_of_each_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.json");
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    for turn in 0..10 {
                        let name = format!("{writer}-{turn}");
                        change(path, Readers::Everyone, |all| Ok(all.insert(name, json!(1)))).unwrap();
                    }
                });
            }
        });
        assert_eq!(read(&path).unwrap().len(), 80);
    }
}
