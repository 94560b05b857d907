//! An app that holds its own connection: its process, and whether it is up.

use std::{sync::Arc, time::Duration};

use super::scene::Scene;
use crate::{
    Code, Failure,
    app::{Installed, Tokens},
    hooks::{Ended, Running},
};

/// How long an app may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// An app that holds its own connection.
#[derive(Debug)]
pub(super) struct Supervised {
    scene: Arc<Scene>,
    installed: Installed,
    /// `None` when it has ended, and a change is waited for.
    running: Option<Running>,
}

impl Supervised {
    /// Starts it.
    pub(super) fn start(scene: &Arc<Scene>, installed: Installed) -> Result<Self, Failure> {
        let mut app = Self { scene: Arc::clone(scene), installed, running: None };
        app.spawn()?;
        Ok(app)
    }

    fn spawn(&mut self) -> Result<(), Failure> {
        // What was edited in `.env` counts from the next start on.
        let project = self.scene.project.with_fresh_dotenv()?;
        let call = self.scene.start(&project, &self.installed)?.tokens(&self.installed.tokens);
        self.running = Some(call.spawn()?);
        Ok(())
    }

    /// Waits until it ends by itself.
    pub(super) async fn ended(&mut self) -> Ended {
        let Some(running) = &mut self.running else { return std::future::pending().await };
        let ended = running.wait().await;
        self.running = None;
        ended
    }

    /// Another installation counts from now on; answers whether its tokens are others.
    pub(super) fn renew(&mut self, installed: Installed) -> bool {
        let is_other = !same(&self.installed, &installed);
        self.installed = installed;
        is_other
    }

    /// Ends it with all that it started, and starts it again.
    pub(super) async fn restart(&mut self) {
        self.end().await;
        if self.scene.stop.is_cancelled() {
            return;
        }
        if let Err(failure) = self.spawn() {
            self.scene.report("the app was not started", &failure);
        }
    }

    /// Ends it with all that it started.
    pub(super) async fn end(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop(GRACE).await;
        }
    }
}

/// Whether two installations have the same tokens.
pub(super) fn same(one: &Installed, other: &Installed) -> bool {
    use secrecy::ExposeSecret as _;

    let secrets = |installed: &Installed| {
        let Tokens { app, bot } = &installed.tokens;
        [app, bot].map(|token| token.as_ref().map(|token| token.expose_secret().to_owned()))
    };
    secrets(one) == secrets(other)
}

/// What the end of an app is to a run that does not wait for a change.
pub(super) fn verdict(ended: Ended) -> Result<(), Failure> {
    let code = match ended {
        Ended::Code(0) => return Ok(()),
        Ended::Code(_) => Code::SdkHookInvocationFailed,
        Ended::Signal(_) => Code::ProcessInterrupted,
    };
    Err(Failure::new(code, format!("the app {ended}")).exiting(ended.exit_code()))
}
