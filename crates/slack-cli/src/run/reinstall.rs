//! Installing the app again, while it runs.

use std::{path::Path, sync::Arc};

use tokio::task::JoinSet;

use super::scene::Scene;
use crate::{
    Code, Failure,
    app::{Installed, Overwrite},
    project::ManifestSource,
};

/// Installations of an edited manifest: one at a time, and of what was edited meanwhile one more.
#[derive(Debug, Default)]
pub(super) struct Reinstalling {
    running: JoinSet<Result<Installed, Failure>>,
    is_outdated: bool,
}

impl Reinstalling {
    /// The manifest has changed.
    pub(super) fn begin(&mut self, scene: &Arc<Scene>, changed: &Path) {
        let changed = scene.short(changed);
        if scene.project.manifest_source() == ManifestSource::Remote {
            return scene
                .say(&format!("{changed} changed; the app's settings at Slack have the say (manifest.source=remote)"));
        }
        scene.say(&format!("Manifest change detected: {changed}, reinstalling app..."));
        self.is_outdated = self.is_busy();
        if !self.is_outdated {
            self.spawn(scene);
        }
    }

    /// Whether something is being installed.
    pub(super) fn is_busy(&self) -> bool {
        !self.running.is_empty()
    }

    /// Waits for the next installation to end; for ever while there is none.
    pub(super) async fn ended(&mut self, scene: &Arc<Scene>) -> Result<Installed, Failure> {
        loop {
            let Some(ended) = self.running.join_next().await else { return std::future::pending().await };
            if !self.is_outdated {
                return ended.unwrap_or_else(|error| {
                    Err(Failure::new(Code::AppInstall, "the installation broke off").detail(error.to_string()))
                });
            }
            self.is_outdated = false;
            self.spawn(scene);
        }
    }

    fn spawn(&mut self, scene: &Arc<Scene>) {
        let scene = Arc::clone(scene);
        self.running.spawn(async move { scene.install(Overwrite::Always).await });
    }
}
