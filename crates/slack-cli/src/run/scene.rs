//! What every part of a run works with.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use countersign_slack::hooks::HookName;
use tokio_util::sync::CancellationToken;

use super::Options;
use crate::{
    AppChoice, Code, Failure, Session,
    account::Account,
    app::{self, App, AppKind, Installed, Overwrite},
    deploy::Triggers,
    hooks::HookCall,
    project::Project,
    trigger,
};

/// What every part of a run works with.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) session: Session,
    pub(super) project: Project,
    pub(super) account: Account,
    pub(super) options: Options,
    pub(super) stop: CancellationToken,
    /// The project's directory without symbolic links, as the system tells of changes.
    pub(super) root: PathBuf,
    /// The file that the app is started from, where one was named.
    file: Option<PathBuf>,
}

impl Scene {
    /// Opens the project, and looks whether its app can be run at all.
    pub(super) async fn open(
        session: &Session,
        options: &Options,
        stop: &CancellationToken,
    ) -> Result<Arc<Self>, Failure> {
        refuse_deployed(session)?;
        let file = options.file.as_deref().map(|file| existing(&session.directory, file)).transpose()?;
        let project = Project::open(session).await?;
        // Before anything happens at Slack.
        project.hook(session, HookName::Start).map(drop)?;
        let account = Account::choose(session).await?;
        let root = project.root().canonicalize().unwrap_or_else(|_| project.root().to_owned());
        let (session, options, stop) = (session.clone(), options.clone(), stop.clone());
        Ok(Arc::new(Self { session, project, account, options, stop, root, file }))
    }

    /// Brings the manifest to Slack and the app to the team.
    pub(super) async fn install(&self, overwrite: Overwrite) -> Result<Installed, Failure> {
        app::install(&self.session, &self.project, &self.account, AppKind::Local, overwrite).await
    }

    /// Tells the app's triggers, and offers to create the first.
    pub(super) async fn offer_triggers(&self, app: &App) {
        if self.options.triggers == Triggers::Hidden {
            return;
        }
        // The app can be run without.
        if let Err(failure) = trigger::offer(&self.session, &self.project, &self.account, app).await {
            self.report("the app's triggers are not known", &failure);
        }
    }

    /// Whether the app holds its connection itself.
    pub(super) fn is_sdk_managed(&self) -> bool {
        self.project.interface().config.sdk_managed_connection_enabled
    }

    /// A call of the `start` hook, without the tokens.
    pub(super) fn start(&self, project: &Project, installed: &Installed) -> Result<HookCall, Failure> {
        let call = project.hook(&self.session, HookName::Start)?;
        let call = call.variable("SLACK_API_URL", installed.api_url.as_str());
        // Two SDKs, two names.
        Ok(match &self.file {
            Some(file) => call.variable("SLACK_APP_PATH", file).variable("SLACK_CLI_CUSTOM_FILE_PATH", file),
            None => call,
        })
    }

    /// Takes the app away again.
    pub(super) async fn clean_up(&self, app: &App) -> Result<(), Failure> {
        app::delete(&self.session, &self.project, &self.account, app).await?;
        self.say(&format!("deleted the app {app}"));
        Ok(())
    }

    /// A path as a person knows it: below the project.
    pub(super) fn short<'p>(&self, path: &'p Path) -> std::path::Display<'p> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }

    pub(super) fn say(&self, line: &str) {
        self.session.talk.say(line);
    }

    pub(super) fn warn(&self, line: &str) {
        self.session.talk.warn(line);
    }

    /// Tells of a failure that does not end the run.
    pub(super) fn report(&self, what: &str, failure: &Failure) {
        let mut text = format!("{what}: {failure}");
        for line in failure.details().iter().flat_map(|detail| detail.lines()) {
            text.push_str("\n  ");
            text.push_str(line);
        }
        for remedy in failure.remedies() {
            text.push_str("\nhint: ");
            text.push_str(remedy);
        }
        // At once: other events may be told of at the same time.
        self.warn(&text);
    }
}

fn refuse_deployed(session: &Session) -> Result<(), Failure> {
    if session.settings.app != Some(AppChoice::Deployed) {
        return Ok(());
    }
    Err(Failure::new(Code::DeployedAppNotSupported, "the deployed app runs where it was deployed, not here")
        .remedy("leave --app out, or say --app local"))
}

fn existing(directory: &Path, file: &Path) -> Result<PathBuf, Failure> {
    let path = directory.join(file);
    if path.is_file() {
        return Ok(path);
    }
    Err(Failure::new(Code::NotFound, format!("there is no file {}", path.display()))
        .remedy("name the file that the app starts from, or leave it out"))
}
