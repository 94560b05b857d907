//! A watcher that looks at every file, again and again: a stand-in for how the official command line watches.
//!
//! It walks a directory and asks for each file's time every 100 ms, as the library does that the official command line
//! uses; it is written for this comparison, and is not that library.

use std::{
    collections::HashMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::Result;

/// How long it rests between two looks.
const EVERY: Duration = Duration::from_millis(100);

/// What it says when it has looked at everything once.
pub(super) const READY: &str = "ready";

/// When each file was changed.
type Times = HashMap<PathBuf, SystemTime>;

/// Watches a directory until it is ended; says once that it has begun, and nothing of what it sees.
pub(crate) fn poll(directory: &Path) -> Result<()> {
    let mut known = look(directory)?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{READY}")?;
    stdout.flush()?;
    loop {
        std::thread::sleep(EVERY);
        let now = look(directory)?;
        let changed = now.iter().filter(|(path, time)| known.get(*path) != Some(*time)).count();
        if changed > 0 {
            eprintln!("the poller sees {changed} changed files");
        }
        known = now;
    }
}

fn look(directory: &Path) -> Result<Times> {
    let mut times = Times::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            // Who is gone by now has no time.
            let Ok(about) = fs::symlink_metadata(&path) else { continue };
            if about.is_dir() {
                directories.push(path);
            } else {
                times.insert(path, about.modified()?);
            }
        }
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_looked_at() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("a/b")).unwrap();
        for name in ["1", "a/2", "a/b/3"] {
            fs::write(directory.path().join(name), "").unwrap();
        }
        assert_eq!(look(directory.path()).unwrap().len(), 3);
    }
}
