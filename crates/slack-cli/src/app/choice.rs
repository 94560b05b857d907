//! Which app is meant.

use countersign_slack::ids::{AppId, TeamId};

use super::{App, AppKind, files};
use crate::{AppChoice, Code, Failure, Session, account::Account, project::Project};

/// The project's apps, of both kinds.
pub fn all(project: &Project) -> Result<Vec<App>, Failure> {
    files::read(project.root())
}

/// On which teams a project has an app that is named by its id; none where there is no project.
pub(crate) fn teams_of(session: &Session, id: &AppId) -> Vec<TeamId> {
    // What is wrong with the project's files is told by whoever needs them.
    let apps = Project::directory(session).and_then(|root| files::read(&root)).unwrap_or_default();
    apps.into_iter().filter(|app| app.id == *id).map(|app| app.team).collect()
}

/// The app that is meant on an account's team: `--app`, else the only one of the kind.
pub fn find(session: &Session, project: &Project, account: &Account, kind: Option<AppKind>) -> Result<App, Failure> {
    let kind = match &session.settings.app {
        Some(AppChoice::Id(_)) | None => kind,
        Some(AppChoice::Local) => Some(demand(kind, AppKind::Local)?),
        Some(AppChoice::Deployed) => Some(demand(kind, AppKind::Deployed)?),
    };
    if let Some(named) = named(session, project, account, kind)? {
        return Ok(named);
    }
    let here = |app: &App| app.team == account.team && kind.is_none_or(|kind| app.kind == kind);
    let mut apps: Vec<App> = all(project)?.into_iter().filter(here).collect();
    if apps.len() > 1 {
        let options: Vec<String> = apps.iter().map(ToString::to_string).collect();
        let chosen = session.talk.choose("Which app?", &options).filter(|index| *index < apps.len());
        return chosen.map(|index| apps.swap_remove(index)).ok_or_else(|| several(options));
    }
    apps.pop().ok_or_else(|| none(account, kind))
}

/// The team's app of a kind, if there is one: what an installation updates, else creates.
pub(super) fn known(
    session: &Session,
    project: &Project,
    account: &Account,
    kind: AppKind,
) -> Result<Option<App>, Failure> {
    if let Some(named) = named(session, project, account, Some(kind))? {
        return Ok(Some(named));
    }
    Ok(all(project)?.into_iter().find(|app| app.team == account.team && app.kind == kind))
}

/// The app that `--app` names by its id; one that the project does not know is taken at its word, for Slack knows it.
fn named(
    session: &Session,
    project: &Project,
    account: &Account,
    kind: Option<AppKind>,
) -> Result<Option<App>, Failure> {
    let Some(AppChoice::Id(id)) = &session.settings.app else { return Ok(None) };
    let known: Vec<App> = all(project)?.into_iter().filter(|app| app.id == *id).collect();
    let fits = |app: &&App| app.team == account.team && kind.is_none_or(|kind| app.kind == kind);
    if let Some(app) = known.iter().find(fits) {
        return Ok(Some(app.clone()));
    }
    match known.first() {
        Some(app) if app.team != account.team => {
            let message = format!("the app {id} is of the team {} ({})", app.team_domain, app.team);
            let other = format!("not of {} ({})", account.team_domain, account.team);
            Err(Failure::new(Code::AppNotFound, message).detail(other).remedy(format!("say --team {}", app.team)))
        }
        Some(app) => demand(kind, app.kind).map(|_| None),
        None => Ok(Some(App {
            id: id.clone(),
            kind: kind.unwrap_or(AppKind::Deployed),
            team: account.team.clone(),
            team_domain: account.team_domain.clone(),
            user: Some(account.user.clone()),
        })),
    }
}

/// What a command is about, where it says so, and what was said are to be the same.
fn demand(command: Option<AppKind>, said: AppKind) -> Result<AppKind, Failure> {
    match command {
        Some(AppKind::Local) if said == AppKind::Deployed => Err(Failure::new(
            Code::DeployedAppNotSupported,
            "this command is about local apps, and a deployed one was named",
        )
        .remedy("say --app local, or leave --app out")),
        Some(AppKind::Deployed) if said == AppKind::Local => Err(Failure::new(
            Code::LocalAppNotSupported,
            "this command is about deployed apps, and a local one was named",
        )
        .remedy("say --app deployed, or leave --app out")),
        _ => Ok(said),
    }
}

fn several(options: Vec<String>) -> Failure {
    let failure = Failure::new(Code::MismatchedFlags, "several apps could be meant");
    options.into_iter().fold(failure, Failure::detail).remedy("name one of these with --app")
}

fn none(account: &Account, kind: Option<AppKind>) -> Failure {
    let what = kind.map_or_else(|| "no app".to_owned(), |kind| format!("no {kind} app"));
    let message = format!("the project has {what} on the team {} ({})", account.team_domain, account.team);
    let environment = kind.unwrap_or(AppKind::Local);
    Failure::new(Code::InstallationRequired, message)
        .remedy(format!("install it with `countersign slack app install --environment {environment}`"))
        .remedy("or name another app with --app")
}
