//! `countersign slack manifest`.

use countersign_slack_cli::{
    AppChoice, Failure, Session,
    account::Account,
    app::{self, AppKind},
    manifest,
    project::{ManifestSource, Project},
};
use serde_json::{Value, json};

use crate::{exit, output};

/// Options of `countersign slack manifest`; without a verb, `info`.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Print the manifest.
    #[command(visible_alias = "show")]
    Info(InfoOptions),
    /// Have Slack check the project's manifest.
    #[command(visible_alias = "verify")]
    Validate(ValidateOptions),
}

#[derive(Debug, Default, clap::Args)]
struct InfoOptions {
    /// Whose manifest: the project's, or that in the app's settings; with --app the latter unless given.
    #[arg(long, value_name = "SOURCE")]
    source: Option<Source>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Source {
    /// The project's.
    Local,
    /// That in the app's settings.
    Remote,
}

#[derive(Debug, clap::Args)]
struct ValidateOptions {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Options {
    pub(super) async fn run(self, session: &Session) -> Result<u8, Failure> {
        let project = Project::open(session).await?;
        match self.verb.unwrap_or_else(|| Verb::Info(InfoOptions::default())) {
            Verb::Info(options) => options.run(session, &project).await,
            Verb::Validate(options) => options.run(session, &project).await,
        }
    }
}

impl InfoOptions {
    async fn run(self, session: &Session, project: &Project) -> Result<u8, Failure> {
        let manifest = match self.source(session, project) {
            Source::Local => manifest::of_project(session, project, None).await?,
            Source::Remote => {
                let account = Account::choose(session).await?;
                let app = app::find(session, project, &account, None)?;
                manifest::of_slack(&account.api, &app.id).await?
            }
        };
        // Two spaces, as the official command line: it goes into files.
        output::data(&format!("{:#}", Value::Object(manifest)));
        Ok(exit::OK)
    }

    fn source(&self, session: &Session, project: &Project) -> Source {
        let is_app = session.settings.app.is_some();
        match self.source {
            Some(source) => source,
            None if is_app || project.manifest_source() == ManifestSource::Remote => Source::Remote,
            None => Source::Local,
        }
    }
}

impl ValidateOptions {
    async fn run(self, session: &Session, project: &Project) -> Result<u8, Failure> {
        let account = Account::choose(session).await?;
        let app = match &session.settings.app {
            Some(AppChoice::Id(_) | AppChoice::Local | AppChoice::Deployed) => {
                Some(app::find(session, project, &account, None)?)
            }
            // Of the two, others rely on the deployed one: it is what a change may break.
            None => {
                app::all(project)?.into_iter().find(|app| app.team == account.team && app.kind == AppKind::Deployed)
            }
        };
        let checked = manifest::of_project(session, project, Some(&account)).await?;
        let warnings = manifest::validate(&account.api, &checked, app.as_ref().map(|app| &app.id)).await?;
        for warning in &warnings {
            session.talk.warn(&warning.text);
        }
        if self.json {
            let warnings: Vec<&str> = warnings.iter().map(|warning| warning.text.as_str()).collect();
            output::json(&json!({"valid": true, "warnings": warnings}));
        } else {
            output::data("App Manifest Validation Result: Valid");
        }
        Ok(exit::OK)
    }
}
