//! The files whose change means something to a run.

use std::{collections::BTreeMap, path::PathBuf};

use super::scene::Scene;
use crate::{
    Code, Failure,
    watch::{Pace, Selection, Watching},
};

/// What a changed file is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// The manifest: it is brought to Slack.
    Manifest,
    /// The app: it is started again.
    App,
}

/// The files whose change means something.
#[derive(Debug)]
pub(super) struct Watched {
    selections: BTreeMap<Subject, Selection>,
    watching: Option<Watching<Subject>>,
}

impl Watched {
    /// What the hooks ask for. Where every event starts the app anyway, its code is not watched.
    pub(super) fn of(scene: &Scene) -> Result<Self, Failure> {
        let root = &scene.root;
        let mut selections = BTreeMap::new();
        let Some(watch) = &scene.project.interface().config.watch else {
            return Ok(Self { selections, watching: None });
        };
        if let Some(paths) = watch.manifest_paths() {
            let place = if watch.manifest.is_some() { "config.watch.manifest" } else { "config.watch" };
            selections.insert(Subject::Manifest, Selection::new(root, place, &paths)?);
        }
        let app = watch.app.as_ref().filter(|paths| !paths.paths.is_empty() && scene.is_sdk_managed());
        if let Some(paths) = app {
            selections.insert(Subject::App, Selection::new(root, "config.watch.app", paths)?);
        }
        Ok(Self { selections, watching: None })
    }

    /// Whether something is watched.
    pub(super) fn has(&self, subject: Subject) -> bool {
        self.selections.contains_key(&subject)
    }

    /// Begins: what changes from now on is told.
    pub(super) async fn begin(&mut self) -> Result<(), Failure> {
        if self.selections.is_empty() {
            return Ok(());
        }
        let selections = self.selections.clone();
        // Looking at fifty thousand files takes a moment.
        let begun = tokio::task::spawn_blocking(move || Watching::start(selections, Pace::default())).await;
        let broken = |error: tokio::task::JoinError| {
            Failure::new(Code::LocalAppRun, "the project's files cannot be watched").detail(error.to_string())
        };
        self.watching = Some(begun.map_err(broken)??);
        Ok(())
    }

    /// Waits for the next changes; for ever where nothing is watched.
    pub(super) async fn changed(&mut self) -> BTreeMap<Subject, PathBuf> {
        match &mut self.watching {
            Some(watching) => watching.changed().await,
            None => std::future::pending().await,
        }
    }
}
