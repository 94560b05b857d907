//! Bringing an app to where it runs.

mod archive;
mod form;
mod hosted;
mod interrupt;

use countersign_slack::hooks::HookName;

use crate::{
    AppChoice, Code, Failure, Session,
    account::Account,
    app::{self, App, AppKind, Installed, Overwrite},
    hooks::Ended,
    project::Project,
    trigger,
};

/// How an app comes to where it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By the project's own script.
    Script,
    /// Slack runs it.
    Hosted,
}

/// An app that was brought to where it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// Which.
    pub app: App,
    /// How.
    pub way: Way,
}

/// What becomes of the app's triggers when it is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Triggers {
    /// They are told, and a person is offered to create the first.
    Offered,
    /// Nobody asks for them (`--hide-triggers`).
    Hidden,
}

/// Installs the team's deployed app, then deploys it: by the project's script, else to Slack.
///
/// That there is a way is known before anything is changed at Slack.
///
/// An interruption ends whatever hook is running with all that it started; only the script, which has the terminal, hears of it
/// itself and may clean up.
pub async fn deploy(session: &Session, triggers: Triggers) -> Result<Deployed, Failure> {
    let Prepared { project, account, way, installed } = interrupt::at_once(prepare(session)).await?;
    match way {
        Way::Script => script(session, &project, &installed).await?,
        Way::Hosted => interrupt::at_once(hosted::deploy(session, &project, &account, &installed.app)).await?,
    }
    // The app is where it should be; what is wrong with its triggers does not undo that.
    if triggers == Triggers::Offered
        && let Err(failure) = interrupt::at_once(trigger::offer(session, &project, &account, &installed.app)).await
    {
        session.talk.warn(&format!("the app is deployed, but its triggers are not: {failure}"));
    }
    Ok(Deployed { app: installed.app, way })
}

/// What is known, and done, before the app itself is brought anywhere.
struct Prepared {
    project: Project,
    account: Account,
    way: Way,
    installed: Installed,
}

async fn prepare(session: &Session) -> Result<Prepared, Failure> {
    let project = Project::open(session).await?;
    let way = way(&project)?;
    let account = Account::choose(session).await?;
    refuse_local(session, &project, &account)?;
    if way == Way::Hosted {
        hosted::check(session, &project, &account).await?;
    }
    let installed = app::install(session, &project, &account, AppKind::Deployed, Overwrite::Ask).await?;
    Ok(Prepared { project, account, way, installed })
}

fn way(project: &Project) -> Result<Way, Failure> {
    if project.has(HookName::Deploy) {
        return Ok(Way::Script);
    }
    // Slack runs what the build hook makes; without one there is nothing to send, whatever the runtime.
    if project.has(HookName::Build) {
        return Ok(Way::Hosted);
    }
    Err(Failure::new(Code::SdkHookNotFound, "no deploy script found")
        .remedy("name a command in .slack/hooks.json: {\"hooks\": {\"deploy\": \"./deploy.sh\"}}")
        .remedy("to run the app on this machine, use `countersign slack run`"))
}

/// A local app is not deployed, by whatever it is named.
fn refuse_local(session: &Session, project: &Project, account: &Account) -> Result<(), Failure> {
    let is_local = match &session.settings.app {
        None | Some(AppChoice::Deployed) => false,
        Some(AppChoice::Local) => true,
        Some(AppChoice::Id(id)) => {
            app::all(project)?.iter().any(|app| app.id == *id && app.kind == AppKind::Local && app.team == account.team)
        }
    };
    if !is_local {
        return Ok(());
    }
    Err(Failure::new(Code::LocalAppNotSupported, "a local app cannot be deployed")
        .remedy("leave --app out, or say --app deployed: the team's deployed app is another one"))
}

/// Runs the project's script, with our stdin, stdout and stderr.
async fn script(session: &Session, project: &Project, installed: &Installed) -> Result<(), Failure> {
    let command = project.interface().command(HookName::Deploy).unwrap_or_default();
    session.talk.say(&format!("deploying: {command}"));
    let call = project.hook(session, HookName::Deploy)?;
    let call = call.tokens(&installed.tokens).variable("SLACK_API_URL", installed.api_url.as_str());
    match interrupt::patiently(session, call.attached()).await? {
        Ended::Code(0) => Ok(()),
        Ended::Code(code) => Err(Failure::new(
            Code::SdkHookInvocationFailed,
            format!("error running the deploy hook: exit status {code}"),
        )
        .detail(format!("the command was: {command}"))
        .detail(format!("the app {} was installed before it, and stays so", installed.app.id))
        .remedy("see what it wrote above; when it is mended, deploy again")),
        Ended::Signal(signal) => {
            Err(Failure::new(Code::ProcessInterrupted, format!("the deploy hook was ended by signal {signal}"))
                .detail(format!("the command was: {command}"))
                .detail(format!("the app {} was installed before it, and stays so", installed.app.id))
                .exiting(interrupt::EXIT))
        }
    }
}
