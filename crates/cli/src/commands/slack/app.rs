//! `countersign slack app`.

use countersign_slack_cli::{
    AppChoice, Code, Failure, Session,
    account::Account,
    app::{self, App, AppKind, Overwrite, Status},
    project::Project,
};
use serde_json::json;

use crate::{exit, output};

/// Options of `countersign slack app`.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List the project's apps.
    List(ListOptions),
    /// Create or update the app from the project's manifest, and install it.
    #[command(visible_alias = "add")]
    Install(InstallOptions),
    /// Take the app out of its team; it can be installed again.
    Uninstall,
    /// Delete the app for ever.
    Delete,
    /// Make an app that there is the project's; named by --app.
    Link(InstallOptions),
    /// Take an app out of the project's files; Slack is not told.
    Unlink,
}

#[derive(Debug, clap::Args)]
struct ListOptions {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct InstallOptions {
    /// Which of the team's two apps.
    #[arg(long, short = 'E', value_name = "ENVIRONMENT")]
    environment: Option<Environment>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Environment {
    /// The app of `slack run`.
    Local,
    /// The app of `slack deploy`.
    Deployed,
}

impl From<Environment> for AppKind {
    fn from(environment: Environment) -> Self {
        match environment {
            Environment::Local => Self::Local,
            Environment::Deployed => Self::Deployed,
        }
    }
}

impl Options {
    pub(super) async fn run(self, session: &Session) -> Result<u8, Failure> {
        let project = Project::open(session).await?;
        match self.verb {
            Verb::List(options) => options.run(session, &project).await,
            Verb::Install(options) => options.install(session, &project).await,
            Verb::Uninstall => uninstall(session, &project).await,
            Verb::Delete => delete(session, &project).await,
            Verb::Link(options) => options.link(session, &project).await,
            Verb::Unlink => unlink(session, &project).await,
        }
    }
}

impl ListOptions {
    async fn run(self, session: &Session, project: &Project) -> Result<u8, Failure> {
        let apps = app::all(project)?;
        let statuses = statuses(session, &apps).await;
        let told: Vec<(&App, &str)> = apps.iter().map(|app| (app, word(app, &statuses))).collect();
        if self.json {
            let one = |(app, status): &(&App, &str)| {
                json!({
                    "app_id": app.id, "environment": app.kind.as_str(), "team_id": app.team,
                    "team_domain": app.team_domain, "user_id": app.user, "status": status,
                })
            };
            output::json(&told.iter().map(one).collect());
            return Ok(exit::OK);
        }
        if apps.is_empty() {
            session.talk.say("the project has no apps; install one with `countersign slack app install`");
            return Ok(exit::OK);
        }
        let row = |(app, status): &(&App, &str)| {
            let (id, kind, team) = (app.id.to_string(), app.kind.to_string(), app.team.to_string());
            vec![id, kind, team, app.team_domain.clone(), (*status).to_owned()]
        };
        output::table(&["APP", "ENVIRONMENT", "TEAM", "DOMAIN", "STATUS"], &told.iter().map(row).collect::<Vec<_>>());
        Ok(exit::OK)
    }
}

/// How the apps are doing on the teams that are signed in to; what could not be asked is told, and unknown.
async fn statuses(session: &Session, apps: &[App]) -> Vec<(App, Option<Status>)> {
    let accounts = match Account::all(session).await {
        Ok(accounts) => accounts,
        Err(failure) => {
            session.talk.warn(&format!("how the apps are doing is not known: {failure}"));
            Vec::new()
        }
    };
    let mut known = Vec::new();
    for account in accounts {
        match app::statuses(&account, apps).await {
            Ok(statuses) => {
                let here = apps.iter().filter(|app| app.team == account.team);
                known
                    .extend(here.map(|app| (app.clone(), statuses.iter().find(|status| status.id == app.id).cloned())));
            }
            Err(failure) => session.talk.warn(&format!("{}: {failure}", account.team_domain)),
        }
    }
    known
}

fn word(app: &App, statuses: &[(App, Option<Status>)]) -> &'static str {
    match statuses.iter().find(|(known, _)| known == app).map(|(_, status)| status) {
        Some(Some(status)) if status.is_installed => "installed",
        Some(Some(_)) => "uninstalled",
        Some(None) => "deleted",
        None => "unknown",
    }
}

impl InstallOptions {
    async fn install(self, session: &Session, project: &Project) -> Result<u8, Failure> {
        let account = Account::choose(session).await?;
        let kind = self.kind(session, project, &account)?;
        let installed = app::install(session, project, &account, kind, Overwrite::Ask).await?;
        self.tell(&installed.app);
        session.talk.say(&format!("installed the app {}", installed.app));
        Ok(exit::OK)
    }

    async fn link(self, session: &Session, project: &Project) -> Result<u8, Failure> {
        let Some(AppChoice::Id(id)) = &session.settings.app else {
            return Err(Failure::new(Code::InvalidArguments, "which app is to be linked is not said")
                .remedy("name it with --app A0123456789; your apps are at https://api.slack.com/apps"));
        };
        let account = Account::choose(session).await?;
        let kind = self.environment.map(AppKind::from).or_else(|| ask_kind(session)).ok_or_else(which_kind)?;
        let linked = app::link(session, project, &account, App::of(&account, id.clone(), kind)).await?;
        self.tell(&linked);
        session.talk.say(&format!("linked the app {linked}"));
        Ok(exit::OK)
    }

    /// `--environment`, else `--app`, else the project's only app on the team; else a person says.
    fn kind(&self, session: &Session, project: &Project, account: &Account) -> Result<AppKind, Failure> {
        let said = self.environment.map(AppKind::from);
        let named = match &session.settings.app {
            Some(AppChoice::Local) => Some(AppKind::Local),
            Some(AppChoice::Deployed) => Some(AppKind::Deployed),
            _ => None,
        };
        if let (Some(said), Some(named)) = (said, named)
            && said != named
        {
            return Err(Failure::new(Code::MismatchedFlags, "--environment and --app name different apps"));
        }
        if let Some(kind) = said.or(named) {
            return Ok(kind);
        }
        let apps = app::all(project)?;
        let fits = |app: &&App| match &session.settings.app {
            Some(AppChoice::Id(id)) => app.id == *id,
            _ => app.team == account.team,
        };
        let mut kinds = apps.iter().filter(fits).map(|app| app.kind);
        match (kinds.next(), kinds.next()) {
            (Some(only), None) => Ok(only),
            _ => ask_kind(session).ok_or_else(which_kind),
        }
    }

    fn tell(&self, app: &App) {
        if self.json {
            output::json(&json!({"app_id": app.id, "environment": app.kind.as_str(), "team_id": app.team}));
        } else {
            output::data(app.id.as_str());
        }
    }
}

fn ask_kind(session: &Session) -> Option<AppKind> {
    let options = ["local, for `slack run`".to_owned(), "deployed, for `slack deploy`".to_owned()];
    let kinds = [AppKind::Local, AppKind::Deployed];
    session.talk.choose("Which app?", &options).and_then(|index| kinds.get(index).copied())
}

fn which_kind() -> Failure {
    Failure::new(Code::MismatchedFlags, "which app is meant is not said").remedy("say --environment local or deployed")
}

async fn uninstall(session: &Session, project: &Project) -> Result<u8, Failure> {
    let account = Account::choose(session).await?;
    let app = app::find(session, project, &account, None)?;
    confirm(session, &format!("Uninstall the app {app}? Its tokens stop working."))?;
    app::uninstall(session, &account, &app).await?;
    session.talk.say(&format!("uninstalled the app {app}"));
    Ok(exit::OK)
}

async fn delete(session: &Session, project: &Project) -> Result<u8, Failure> {
    let account = Account::choose(session).await?;
    let app = app::find(session, project, &account, None)?;
    confirm(session, &format!("Delete the app {app} for ever, with its triggers and data?"))?;
    app::delete(session, project, &account, &app).await?;
    session.talk.say(&format!("deleted the app {app}"));
    Ok(exit::OK)
}

async fn unlink(session: &Session, project: &Project) -> Result<u8, Failure> {
    // Nobody has to be signed in to forget an app that is named.
    let apps = app::all(project)?;
    let named = match &session.settings.app {
        Some(AppChoice::Id(id)) => apps.iter().find(|app| app.id == *id).cloned(),
        _ => None,
    };
    let app = match named {
        Some(app) => app,
        None => app::find(session, project, &Account::choose(session).await?, None)?,
    };
    app::unlink(project, &app)?;
    session.talk.say(&format!("the project does not know the app {app} any more; at Slack it is as it was"));
    Ok(exit::OK)
}

/// Asks before something is lost; where nobody can be asked, it has to be said beforehand.
fn confirm(session: &Session, question: &str) -> Result<(), Failure> {
    if session.settings.yes || session.settings.force {
        return Ok(());
    }
    match session.talk.confirm(question) {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new(Code::ProcessInterrupted, "nothing was done")),
        None => {
            Err(Failure::new(Code::MismatchedFlags, "nobody is there to be asked").detail(question).remedy("say --yes"))
        }
    }
}
