//! The two ways in which an app is run.

use std::sync::Arc;

use super::{
    connected::Connected,
    scene::Scene,
    supervised::{self, Supervised},
};
use crate::{Failure, app::Installed};

/// The two ways in which an app is run.
#[derive(Debug)]
pub(super) enum Mode {
    /// We hold the connection.
    Connected(Box<Connected>),
    /// The app does.
    Supervised {
        app: Box<Supervised>,
        scene: Arc<Scene>,
        /// Whether its code is watched: then an app that has ended is started again when that changes.
        waits: bool,
    },
}

impl Mode {
    /// Starts the app, in the way that its hooks ask for.
    pub(super) fn start(scene: &Arc<Scene>, installed: Installed, waits: bool) -> Result<Self, Failure> {
        if scene.is_sdk_managed() {
            let app = Box::new(Supervised::start(scene, installed)?);
            return Ok(Self::Supervised { app, scene: Arc::clone(scene), waits });
        }
        Ok(Self::Connected(Box::new(Connected::start(scene, installed)?)))
    }

    /// Waits until it ends for good. Nothing is lost when it is not waited for.
    pub(super) async fn ended(&mut self) -> Result<(), Failure> {
        let (app, scene, waits) = match self {
            Self::Connected(app) => return Err(app.ended().await),
            Self::Supervised { app, scene, waits } => (app, scene, *waits),
        };
        loop {
            let ended = app.ended().await;
            if !waits {
                return supervised::verdict(ended);
            }
            scene.warn(&format!("the app {ended}; waiting for a change of its files"));
        }
    }

    /// Whether another installation can bring it back when it has ended.
    pub(super) fn is_mendable(&self) -> bool {
        matches!(self, Self::Connected(_))
    }

    /// Another installation counts from now on; answers whether the app has to be started again for it.
    pub(super) fn renew(&mut self, installed: Installed) -> Result<bool, Failure> {
        match self {
            Self::Connected(app) => app.renew(installed).map(|()| false),
            Self::Supervised { app, .. } => Ok(app.renew(installed)),
        }
    }

    /// Starts it again; every event starts it anyway where we hold the connection.
    pub(super) async fn restart(&mut self) {
        match self {
            Self::Connected(_) => {}
            Self::Supervised { app, .. } => app.restart().await,
        }
    }

    /// Ends it with all that it started.
    pub(super) async fn end(self) {
        match self {
            Self::Connected(app) => app.end().await,
            Self::Supervised { mut app, .. } => app.end().await,
        }
    }
}
