//! `countersign slack run`: the app, while it is written.
//!
//! The app is brought to Slack first. Then either it holds its connection itself and is one process that is watched over
//! (`supervised`), or we hold it and every event is a process of its own (`connected`). Meanwhile files are watched: an
//! edited manifest is brought to Slack, edited code starts the app again.

mod activity;
mod connected;
mod event;
mod lanes;
mod mode;
mod receipt;
mod reinstall;
mod scene;
mod socket;
mod supervised;
mod watched;

use std::{collections::BTreeMap, num::NonZeroUsize, path::PathBuf, sync::Arc};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::{
    mode::Mode,
    reinstall::Reinstalling,
    scene::Scene,
    watched::{Subject, Watched},
};
use crate::{
    Failure, Session,
    activity::Level,
    app::{Installed, Overwrite},
    deploy::Triggers,
};

/// The exit code of what somebody interrupted.
const INTERRUPTED: u8 = 130;

/// How an app is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The file that the app is started from, where it is not the usual one.
    pub file: Option<PathBuf>,
    /// How many events are handled at once, where we hold the connection.
    pub jobs: NonZeroUsize,
    /// Whether the app is deleted in the end.
    pub ending: Ending,
    /// From which level on what the app logs at Slack is told; `None` for nothing.
    pub activity: Option<Level>,
    /// What becomes of the app's triggers when it begins.
    pub triggers: Triggers,
}

/// What becomes of the app in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// It stays, for the next run.
    #[default]
    Keep,
    /// It is deleted.
    CleanUp,
}

/// How a run ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum End {
    /// The app has ended by itself.
    Done,
    /// Somebody interrupted it.
    Interrupted,
}

impl End {
    /// The exit code.
    pub fn exit(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Interrupted => INTERRUPTED,
        }
    }
}

/// Runs the project's app until it ends by itself, or until `stop` is cancelled. Nothing of it is left running.
///
/// What was going on when it was stopped is given a few seconds. Dropping the future kills the app at once.
pub async fn run(session: &Session, options: &Options, stop: &CancellationToken) -> Result<End, Failure> {
    let begun = async {
        let scene = Scene::open(session, options, stop).await?;
        let mut watched = Watched::of(&scene)?;
        // Before the manifest is read: what is edited from then on is noticed.
        watched.begin().await?;
        let installed = scene.install(Overwrite::Ask).await?;
        Ok((scene, watched, installed))
    };
    let (scene, watched, installed) = tokio::select! {
        biased;
        () = stop.cancelled() => return Ok(End::Interrupted),
        begun = begun => begun?,
    };
    let app = installed.app.clone();
    let ended = Run::start(&scene, watched, installed).await;
    let cleaned = match options.ending {
        Ending::Keep => Ok(()),
        Ending::CleanUp => scene.clean_up(&app).await,
    };
    ended.and_then(|end| cleaned.map(|()| end))
}

/// A run that is going on.
struct Run {
    scene: Arc<Scene>,
    mode: Mode,
    watched: Watched,
    reinstalling: Reinstalling,
    /// The app is to be started again when the installation has ended.
    is_restart_due: bool,
    /// Why the run would have ended, were it not for an installation that may mend it.
    failed: Option<Failure>,
}

/// What may happen next.
enum Step {
    Stop,
    Ended(Result<(), Failure>),
    Changed(BTreeMap<Subject, PathBuf>),
    Installed(Result<Installed, Failure>),
}

impl Run {
    async fn start(scene: &Arc<Scene>, watched: Watched, installed: Installed) -> Result<End, Failure> {
        tokio::select! {
            biased;
            () = scene.stop.cancelled() => return Ok(End::Interrupted),
            () = scene.offer_triggers(&installed.app) => {}
        }
        let mut beside = JoinSet::new();
        if let Some(level) = scene.options.activity {
            beside.spawn(activity::follow(Arc::clone(scene), installed.app.id.clone(), level));
        }
        let mode = Mode::start(scene, installed, watched.has(Subject::App))?;
        let mut run = Self {
            scene: Arc::clone(scene),
            mode,
            watched,
            reinstalling: Reinstalling::default(),
            is_restart_due: false,
            failed: None,
        };
        let ended = run.until_it_ends().await;
        run.mode.end().await;
        ended
    }

    async fn until_it_ends(&mut self) -> Result<End, Failure> {
        let stop = self.scene.stop.clone();
        loop {
            let next = tokio::select! {
                biased;
                () = stop.cancelled() => Step::Stop,
                ended = self.mode.ended() => Step::Ended(ended),
                installed = self.reinstalling.ended(&self.scene) => Step::Installed(installed),
                changes = self.watched.changed() => Step::Changed(changes),
            };
            match next {
                Step::Stop => return Ok(End::Interrupted),
                // The new installation may have taken the old token's validity, or brings Socket Mode back.
                Step::Ended(Err(failure)) if self.mode.is_mendable() && self.reinstalling.is_busy() => {
                    self.scene.warn(&format!("{failure}; waiting for the app to be reinstalled"));
                    self.failed = Some(failure);
                }
                Step::Ended(ended) => return ended.map(|()| End::Done),
                Step::Installed(installed) => self.installed(installed).await?,
                Step::Changed(changes) => self.changed(&changes).await,
            }
        }
    }

    async fn changed(&mut self, changes: &BTreeMap<Subject, PathBuf>) {
        if let Some(manifest) = changes.get(&Subject::Manifest) {
            self.reinstalling.begin(&self.scene, manifest);
        }
        let Some(app) = changes.get(&Subject::App) else { return };
        self.scene.say(&format!("App change detected: {}, restarting server...", self.scene.short(app)));
        // One restart, with the tokens that the app is to have then.
        self.is_restart_due = self.reinstalling.is_busy();
        if !self.is_restart_due {
            self.mode.restart().await;
        }
    }

    async fn installed(&mut self, installed: Result<Installed, Failure>) -> Result<(), Failure> {
        let is_restart_due = std::mem::take(&mut self.is_restart_due);
        match installed {
            Ok(installed) => {
                self.scene.say("App successfully reinstalled");
                self.failed = None;
                if self.mode.renew(installed)? {
                    self.scene.say("The app has new tokens, restarting server...");
                } else if !is_restart_due {
                    return Ok(());
                }
            }
            Err(failure) => {
                self.scene.report("the app was not reinstalled", &failure);
                if let Some(failed) = self.failed.take() {
                    return Err(failed);
                }
                if !is_restart_due {
                    return Ok(());
                }
            }
        }
        self.mode.restart().await;
        Ok(())
    }
}
