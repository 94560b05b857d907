//! Waits for changes on a thread of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, io,
    ops::Bound,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::Instant,
};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _, event::ModifyKind};
use tokio::sync::mpsc;

use super::{
    Pace, Selection,
    map::{Happening, Map},
    pace::Pending,
};
use crate::{Code, Failure};

/// Changes of what was selected, each by its kind; dropped, nothing is watched any more.
pub struct Watching<K> {
    changes: mpsc::UnboundedReceiver<BTreeMap<K, PathBuf>>,
    end: Sender<Signal>,
}

/// What the thread hears.
enum Signal {
    Event(notify::Result<Event>),
    End,
}

/// What the thread has.
struct Thread<K: Ord> {
    selections: BTreeMap<K, Selection>,
    system: RecommendedWatcher,
    map: Map<K>,
    /// The directories that are watched, as they were when they began to be.
    watched: BTreeSet<PathBuf>,
    /// Those of them that are watched with all that is in them.
    tops: BTreeSet<PathBuf>,
    pending: Pending<K>,
    signals: Receiver<Signal>,
    changes: mpsc::UnboundedSender<BTreeMap<K, PathBuf>>,
}

impl<K: Copy + Ord + Send + 'static> Watching<K> {
    /// Begins: what changes from the moment that this returns is told.
    pub fn start(selections: BTreeMap<K, Selection>, pace: Pace) -> Result<Self, Failure> {
        let (end, signals) = channel();
        let events = end.clone();
        let take = move |event: notify::Result<Event>| {
            if event.as_ref().map_or(true, matters) {
                // Whoever has gone wants to know nothing more.
                let _ = events.send(Signal::Event(event));
            }
        };
        let system = notify::recommended_watcher(take).map_err(|error| failure(&error))?;
        let (sender, changes) = mpsc::unbounded_channel();
        let (map, pending) = (Map::default(), Pending::new(pace));
        let (watched, tops) = (BTreeSet::new(), BTreeSet::new());
        let mut thread = Thread { selections, system, map, watched, tops, pending, signals, changes: sender };
        thread.renew().map_err(|error| failure(&error))?;
        let spawned = thread::Builder::new().name("watch".to_owned()).spawn(move || thread.run());
        spawned.map_err(|error| failure(&notify::Error::io(error)))?;
        Ok(Self { changes, end })
    }

    /// Waits for the next changes: of each kind, the first file that changed. Nothing is lost when it is not waited for.
    pub async fn changed(&mut self) -> BTreeMap<K, PathBuf> {
        let Some(mut all) = self.changes.recv().await else { return std::future::pending().await };
        // What came meanwhile is one change for whoever was busy.
        while let Ok(more) = self.changes.try_recv() {
            for (kind, path) in more {
                all.entry(kind).or_insert(path);
            }
        }
        all
    }
}

impl<K> Drop for Watching<K> {
    fn drop(&mut self) {
        // The thread may have ended by itself.
        let _ = self.end.send(Signal::End);
    }
}

impl<K> fmt::Debug for Watching<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watching").finish_non_exhaustive()
    }
}

impl<K: Copy + Ord> Thread<K> {
    fn run(mut self) {
        loop {
            let signal = match self.pending.due() {
                None => self.signals.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => self.signals.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match signal {
                Ok(Signal::Event(event)) => self.take(event),
                Ok(Signal::End) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.pending.due().is_some_and(|due| due <= Instant::now()) && self.tell().is_err() {
                return;
            }
        }
    }

    fn take(&mut self, event: notify::Result<Event>) {
        let now = Instant::now();
        let event = match event {
            Ok(event) if event.need_rescan() => return self.lost_count(now),
            Ok(event) => event,
            Err(error) => return tracing::warn!(%error, "a change may have been missed"),
        };
        let what = happening(event.kind);
        for path in &event.paths {
            let verdict = self.map.judge(path, what, &self.selections);
            if verdict.is_stale {
                self.pending.stale(now);
                // What is new takes nothing away: had there been something, its end would have been told before.
                if what != Happening::Created {
                    self.forget(path);
                }
            }
            for kind in verdict.changed {
                self.pending.changed(kind, path.clone(), now);
            }
        }
    }

    /// The system could not keep up: anything may have changed.
    fn lost_count(&mut self, now: Instant) {
        self.pending.stale(now);
        for (kind, selection) in &self.selections {
            self.pending.changed(*kind, selection.root().to_owned(), now);
        }
    }

    /// Watches no more what was at a path and below it: what comes there next is something else.
    fn forget(&mut self, path: &Path) {
        // Directories are ordered: what is below one follows it.
        let below = self.watched.range::<Path, _>((Bound::Included(path), Bound::Unbounded));
        let gone: Vec<PathBuf> = below.take_while(|watched| watched.starts_with(path)).cloned().collect();
        for directory in gone {
            self.unwatch(&directory);
        }
    }

    fn tell(&mut self) -> Result<(), mpsc::error::SendError<BTreeMap<K, PathBuf>>> {
        if self.pending.take_stale() {
            self.look_again();
        }
        let changes = self.pending.take(Instant::now());
        if changes.is_empty() { Ok(()) } else { self.changes.send(changes) }
    }

    /// Directories came: what is in them came as well.
    fn look_again(&mut self) {
        let fresh = self.renew().unwrap_or_else(|error| {
            tracing::warn!(%error, "not every directory is watched: changes in some will be missed");
            Vec::new()
        });
        let now = Instant::now();
        for directory in fresh {
            for (kind, path) in self.map.files_in(&directory, &self.selections) {
                self.pending.changed(kind, path, now);
            }
        }
    }

    /// Watches what is there now; answers which directories were not watched before.
    fn renew(&mut self) -> notify::Result<Vec<PathBuf>> {
        let mut fresh = Vec::new();
        loop {
            self.map = Map::of(&self.selections);
            let wanted: BTreeSet<PathBuf> = self.map.directories().map(Path::to_owned).collect();
            let gone: Vec<PathBuf> = self.watched.difference(&wanted).cloned().collect();
            for directory in gone {
                self.unwatch(&directory);
            }
            let new: Vec<PathBuf> = wanted.difference(&self.watched).cloned().collect();
            // What came while the last were not watched yet is found by looking once more.
            if new.is_empty() {
                return Ok(fresh);
            }
            for directory in new {
                self.watch(&directory)?;
                fresh.push(directory);
            }
        }
    }

    fn watch(&mut self, directory: &Path) -> notify::Result<()> {
        self.watched.insert(directory.to_owned());
        if self.tops.iter().any(|top| directory.starts_with(top)) {
            return Ok(());
        }
        let mode = if RECURSES && self.map.is_whole(directory) {
            self.tops.insert(directory.to_owned());
            RecursiveMode::Recursive
        } else {
            RecursiveMode::NonRecursive
        };
        match self.system.watch(directory, mode) {
            // It has gone already, which is told by whoever watches its parent; or it cannot be read by us at all.
            Err(error) if is_out_of_reach(&error) => Ok(()),
            other => other,
        }
    }

    fn unwatch(&mut self, directory: &Path) {
        self.watched.remove(directory);
        self.tops.remove(directory);
        // A directory that has gone took its watch along.
        let _ = self.system.unwatch(directory);
    }
}

/// Whether the system watches a directory with all that is in it, at no cost for each directory.
const RECURSES: bool = cfg!(any(target_os = "macos", target_os = "windows"));

/// Whether an event can mean a change: reading does not.
fn matters(event: &Event) -> bool {
    event.need_rescan() || !matches!(event.kind, EventKind::Access(_))
}

fn happening(kind: EventKind) -> Happening {
    match kind {
        EventKind::Create(_) => Happening::Created,
        EventKind::Remove(_) => Happening::Removed,
        EventKind::Modify(ModifyKind::Name(_)) => Happening::Renamed,
        _ => Happening::Content,
    }
}

fn is_out_of_reach(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(io) => matches!(io.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied),
        _ => false,
    }
}

fn failure(error: &notify::Error) -> Failure {
    let failure = Failure::new(Code::LocalAppRun, "the project's files cannot be watched").detail(error.to_string());
    if matches!(error.kind, notify::ErrorKind::MaxFilesWatch) {
        return failure
            .remedy("name fewer directories in config.watch of .slack/hooks.json")
            .remedy("or allow more: sysctl fs.inotify.max_user_watches=524288");
    }
    failure
}
