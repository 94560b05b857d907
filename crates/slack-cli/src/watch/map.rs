//! Which directories matter, and for what.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use super::{Selection, ignored};

/// Every directory that matters, by its path without symbolic links; made anew when directories come or go.
#[derive(Debug)]
pub(super) struct Map<K: Ord> {
    directories: BTreeMap<PathBuf, Interest<K>>,
}

/// What matters in a directory.
#[derive(Debug)]
struct Interest<K: Ord> {
    /// Whose every file it is, but for those that the pattern does not take.
    whole: BTreeSet<K>,
    /// Single entries, there or not: those of nobody are on the way to something that is configured.
    entries: BTreeMap<OsString, BTreeSet<K>>,
}

/// What has happened at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happening {
    /// Something is there now.
    Created,
    /// Nothing is there any more.
    Removed,
    /// It went elsewhere, or came from there, with all that is in it.
    Renamed,
    /// What is there has changed.
    Content,
}

/// What follows from it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict<K> {
    /// For whom a file has changed.
    pub(super) changed: Vec<K>,
    /// Directories may have come or gone.
    pub(super) is_stale: bool,
}

impl<K: Ord> Default for Map<K> {
    fn default() -> Self {
        Self { directories: BTreeMap::new() }
    }
}

impl<K: Ord> Default for Interest<K> {
    fn default() -> Self {
        Self { whole: BTreeSet::new(), entries: BTreeMap::new() }
    }
}

impl<K: Copy + Ord> Map<K> {
    /// Looks at what is there.
    pub(super) fn of(selections: &BTreeMap<K, Selection>) -> Self {
        let mut map = Self::default();
        for (kind, selection) in selections {
            for path in selection.paths() {
                map.watch_for(selection.root(), path, *kind);
                if path.is_dir() {
                    map.take_whole(path, *kind);
                }
            }
        }
        map
    }

    /// The directories to be watched, parents first.
    pub(super) fn directories(&self) -> impl Iterator<Item = &Path> {
        self.directories.keys().map(PathBuf::as_path)
    }

    /// Whether a directory matters as a whole, to anybody.
    pub(super) fn is_whole(&self, directory: &Path) -> bool {
        self.directories.get(directory).is_some_and(|interest| !interest.whole.is_empty())
    }

    /// Files of a directory that count, each with those for whom it does.
    pub(super) fn files_in(&self, directory: &Path, selections: &BTreeMap<K, Selection>) -> Vec<(K, PathBuf)> {
        let files = entries(directory).map(|entry| entry.path()).filter(|path| !path.is_dir());
        files
            .flat_map(|path| self.takers(&path, selections).into_iter().map(move |kind| (kind, path.clone())))
            .collect()
    }

    /// What follows from something that has happened at a path.
    pub(super) fn judge(&self, path: &Path, what: Happening, selections: &BTreeMap<K, Selection>) -> Verdict<K> {
        let (was_directory, is_directory) = (self.directories.contains_key(path), path.is_dir());
        let changed = match what {
            // What is in a new one is looked at once it is watched.
            _ if is_directory => Vec::new(),
            _ if !was_directory => self.takers(path, selections),
            // Of what was in it nothing is told.
            Happening::Renamed => self.whole(path),
            // What was in it was removed before, one by one.
            _ => Vec::new(),
        };
        let is_stale = what != Happening::Content && (was_directory || self.leads_on(path, is_directory));
        Verdict { changed, is_stale }
    }

    /// Whether something at a path may be, or may have been, the way to other directories.
    fn leads_on(&self, path: &Path, is_directory: bool) -> bool {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return false };
        let Some(interest) = self.directories.get(parent) else { return false };
        let is_file = || path.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
        let is_new_inside = is_directory && !interest.whole.is_empty() && !ignored::directory(path);
        is_new_inside || (interest.entries.contains_key(name) && !is_file())
    }

    /// Those to whom a directory matters as a whole.
    fn whole(&self, directory: &Path) -> Vec<K> {
        self.directories.get(directory).into_iter().flat_map(|interest| interest.whole.iter().copied()).collect()
    }

    /// Those for whom a file counts.
    fn takers(&self, path: &Path, selections: &BTreeMap<K, Selection>) -> Vec<K> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Vec::new() };
        let Some(interest) = self.directories.get(parent) else { return Vec::new() };
        let named = interest.entries.get(name);
        let is_named = |kind: &K| named.is_some_and(|kinds| kinds.contains(kind));
        let is_left_out = ignored::directory(path) || ignored::file(path);
        let is_found = |kind: &K| interest.whole.contains(kind) && !is_left_out;
        let takes = |selection: &Selection| selection.takes(name);
        let counts = |(kind, selection): &(&K, &Selection)| (is_named(kind) || is_found(kind)) && takes(selection);
        selections.iter().filter(counts).map(|(kind, _)| *kind).collect()
    }

    /// Sees a configured path come, go and be replaced, and so every directory on the way to it.
    fn watch_for(&mut self, root: &Path, path: &Path, kind: K) {
        // The project's own directory stays where it is.
        if root.starts_with(path) {
            return;
        }
        let mut below = path;
        for directory in path.ancestors().skip(1) {
            if let Ok(real) = directory.canonicalize() {
                let name = below.file_name().unwrap_or_default();
                self.entry(real, name, (below == path).then_some(kind));
                // Above the project nothing is replaced, unless something is configured there.
                if !directory.starts_with(root) || directory == root {
                    break;
                }
            }
            below = directory;
        }
        self.watch_behind_link(path, kind);
    }

    /// Where a configured file is a link, what it leads to counts as well.
    fn watch_behind_link(&mut self, path: &Path, kind: K) {
        let Ok(real) = path.canonicalize() else { return };
        if let (true, Some(parent), Some(name)) = (path.is_symlink(), real.parent(), real.file_name()) {
            self.entry(parent.to_owned(), name, Some(kind));
        }
    }

    fn entry(&mut self, directory: PathBuf, name: &OsStr, kind: Option<K>) {
        self.directories.entry(directory).or_default().entries.entry(name.to_owned()).or_default().extend(kind);
    }

    /// Takes a directory with all that is in it. Links in it lead elsewhere, perhaps in a circle: they are not followed.
    fn take_whole(&mut self, top: &Path, kind: K) {
        let mut open: Vec<PathBuf> = top.canonicalize().into_iter().collect();
        while let Some(directory) = open.pop() {
            let found = directories_in(&directory);
            if self.directories.entry(directory).or_default().whole.insert(kind) {
                open.extend(found.into_iter().filter(|path| !ignored::directory(path)));
            }
        }
    }
}

/// What is in a directory; one that cannot be read has nothing in it.
fn entries(directory: &Path) -> impl Iterator<Item = fs::DirEntry> {
    fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok)
}

/// The directories in a directory, links to some left out.
fn directories_in(directory: &Path) -> Vec<PathBuf> {
    let is_directory = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    entries(directory).filter(is_directory).map(|entry| entry.path()).collect()
}
