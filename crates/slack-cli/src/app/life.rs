//! What becomes of apps: linked, uninstalled, deleted.

use countersign_slack::ids::AppId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{App, AppKind, choice, files, guard};
use crate::{Code, Failure, Session, account::Account, api::Api, project::Project};

/// How an app is doing on its team.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Status {
    /// Which app.
    #[serde(rename = "app_id")]
    pub id: AppId,
    /// Whether it is installed.
    #[serde(default)]
    pub is_installed: bool,
    /// Whether Slack runs it.
    #[serde(default)]
    pub is_hosted: bool,
}

#[derive(Deserialize)]
struct Statuses {
    #[serde(default)]
    apps: Vec<Status>,
}

/// How the apps of an account's team are doing; those that Slack does not know are left out.
pub async fn statuses(account: &Account, apps: &[App]) -> Result<Vec<Status>, Failure> {
    let ids: Vec<&AppId> = apps.iter().filter(|app| app.team == account.team).map(|app| &app.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let arguments = json!({"app_ids": ids, "team_id": account.team});
    let answered: Statuses = account.api.call("apps.status", &arguments).await?;
    Ok(answered.apps)
}

/// Uninstalls an app; the project still knows it, and it can be installed again.
pub async fn uninstall(session: &Session, account: &Account, app: &App) -> Result<(), Failure> {
    let api = &account.renewed(session).await?.api;
    let arguments = json!({"app_id": app.id, "team_id": app.team});
    api.call::<Value>("apps.developerUninstall", &arguments).await.map(drop)
}

/// Uninstalls an app and deletes it; it is taken out of the project's files.
///
/// An app that Slack does not know any more is taken out all the same.
pub async fn delete(session: &Session, project: &Project, account: &Account, app: &App) -> Result<(), Failure> {
    let api = &account.renewed(session).await?.api;
    let deleted: Result<Value, Failure> = api.call("apps.delete", &json!({"app_id": app.id})).await;
    match deleted {
        Err(failure) if failure.code().as_str() != "app_not_found" => return Err(failure),
        Err(_) => session.talk.warn(&format!("Slack did not know the app {} any more", app.id)),
        Ok(_) => {}
    }
    unlink(project, app)
}

/// Makes an app that there is the project's.
///
/// Another app of the same kind on the same team is replaced with `--force` only.
pub async fn link(session: &Session, project: &Project, account: &Account, app: App) -> Result<App, Failure> {
    exists(&account.api, &app).await?;
    let others = choice::all(project)?;
    let other = others.iter().find(|other| other.team == app.team && other.kind == app.kind && other.id != app.id);
    if let Some(other) = other.filter(|_| !session.settings.force) {
        let message = format!("the project has a {} app on {} already: {}", app.kind, app.team_domain, other.id);
        return Err(Failure::new(Code::AppFound, message)
            .remedy("link the new one in its place with --force")
            .remedy(format!("or delete the other one with `countersign slack app delete --app {}`", other.id)));
    }
    if let Some(twin) = others.iter().find(|other| other.id == app.id && other.kind != app.kind) {
        let message = format!("the app {} is the project's {} app already", app.id, twin.kind);
        return Err(Failure::new(Code::AppFound, message)
            .remedy(format!("unlink it first with `countersign slack app unlink --app {}`", app.id)));
    }
    files::save(project, &app, account.enterprise.as_deref())?;
    Ok(app)
}

async fn exists(api: &Api, app: &App) -> Result<(), Failure> {
    let arguments = json!({"app_ids": [app.id], "team_id": app.team});
    let answered: Statuses = api.call("apps.status", &arguments).await?;
    if answered.apps.iter().any(|status| status.id == app.id) {
        return Ok(());
    }
    Err(Failure::new(Code::AppNotFound, format!("the team {} has no app {}", app.team_domain, app.id))
        .remedy("look at your apps at https://api.slack.com/apps"))
}

/// Takes an app out of the project's files; Slack is not told.
pub fn unlink(project: &Project, app: &App) -> Result<(), Failure> {
    files::forget(project, app)?;
    guard::forget(project, &app.id)
}

impl App {
    /// An app of an account's team.
    pub fn of(account: &Account, id: AppId, kind: AppKind) -> Self {
        Self {
            id,
            kind,
            team: account.team.clone(),
            team_domain: account.team_domain.clone(),
            user: (kind == AppKind::Local).then(|| account.user.clone()),
        }
    }
}
