//! `.slack/apps.json` and `.slack/apps.dev.json`, as the official command line reads and writes them.

use std::path::{Path, PathBuf};

use countersign_slack::ids::{AppId, TeamId, UserId};
use serde_json::{Map, Value};

use super::{App, AppKind};
use crate::{
    Code, Failure,
    json_file::{self, Readers},
    project::Project,
};

/// The project's apps, of both kinds, by team.
pub(super) fn read(root: &Path) -> Result<Vec<App>, Failure> {
    let deployed_path = path(root, AppKind::Deployed);
    let deployed = json_file::read(&deployed_path)?;
    if deployed.get("apps").is_some_and(|apps| !apps.is_object() && !apps.is_null()) {
        return Err(malformed(&deployed_path));
    }
    let mut local = json_file::read(&path(root, AppKind::Local))?;
    // Long ago both kinds were in one file.
    for (team, entry) in object(&deployed, "dev").into_iter().flatten() {
        local.entry(team.clone()).or_insert_with(|| entry.clone());
    }
    let mut apps: Vec<App> = local.iter().filter_map(|(key, entry)| app(AppKind::Local, key, entry)).collect();
    let deployed = object(&deployed, "apps").into_iter().flatten();
    apps.extend(deployed.filter_map(|(key, entry)| app(AppKind::Deployed, key, entry)));
    Ok(apps)
}

/// An entry; one without an id is of an app that was never made.
fn app(kind: AppKind, key: &str, entry: &Value) -> Option<App> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    Some(App {
        id: AppId::from(text("app_id")?),
        kind,
        team: TeamId::from(text("team_id").unwrap_or(key)),
        team_domain: text("team_domain").or_else(|| text("name")).unwrap_or(key).to_owned(),
        user: text("user_id").map(UserId::from),
    })
}

/// Writes an app down as its team's; what was known of it besides is kept.
pub(super) fn save(project: &Project, app: &App, enterprise: Option<&str>) -> Result<(), Failure> {
    change(project, app.kind, |file| {
        let old = key_of(&file.apps, &app.team).and_then(|key| file.apps.remove(&key));
        let mut entry = old.and_then(|entry| entry.as_object().cloned()).unwrap_or_default();
        entry.insert("app_id".to_owned(), app.id.as_str().into());
        entry.insert("team_id".to_owned(), app.team.as_str().into());
        entry.insert("team_domain".to_owned(), app.team_domain.clone().into());
        if let Some(enterprise) = enterprise {
            entry.insert("enterprise_id".to_owned(), enterprise.into());
        }
        if app.kind == AppKind::Local {
            entry.insert("IsDev".to_owned(), true.into());
        }
        if let Some(user) = &app.user {
            entry.insert("user_id".to_owned(), user.as_str().into());
        }
        file.apps.insert(app.team.as_str().to_owned(), Value::Object(entry));
        if file.apps.len() == 1 {
            file.default = Some(app.team_domain.clone().into());
        }
    })
}

/// Takes an app out.
pub(super) fn forget(project: &Project, app: &App) -> Result<(), Failure> {
    let is_it = |entry: &Value| entry.get("app_id").and_then(Value::as_str) == Some(app.id.as_str());
    if json_file::read(&path(project.root(), app.kind))?.is_empty() {
        return forget_old(project, app);
    }
    change(project, app.kind, |file| {
        file.apps.retain(|_, entry| !is_it(entry));
        if file.default.as_ref().and_then(Value::as_str) == Some(&app.team_domain) {
            file.default = file.apps.values().next().and_then(|entry| entry.get("team_domain")).cloned();
        }
    })?;
    forget_old(project, app)
}

/// One of the two files, taken apart.
struct Parts {
    apps: Map<String, Value>,
    /// The domain of the team that is meant where none is said; deployed apps only.
    default: Option<Value>,
}

/// Changes the apps of a kind: they are the whole file of local ones, and below a key in that of deployed ones.
fn change(project: &Project, kind: AppKind, edit: impl FnOnce(&mut Parts)) -> Result<(), Failure> {
    let path = path(project.root(), kind);
    json_file::change(&path, Readers::Owner, |file| {
        if kind == AppKind::Local {
            let mut parts = Parts { apps: std::mem::take(file), default: None };
            edit(&mut parts);
            *file = parts.apps;
            return Ok(());
        }
        let apps = match file.remove("apps") {
            Some(Value::Object(apps)) => apps,
            None | Some(Value::Null) => Map::new(),
            Some(_) => return Err(malformed(&path)),
        };
        let mut parts = Parts { apps, default: file.remove("default") };
        edit(&mut parts);
        file.insert("apps".to_owned(), Value::Object(parts.apps));
        if let Some(default) = parts.default {
            file.insert("default".to_owned(), default);
        }
        Ok(())
    })
}

fn malformed(path: &Path) -> Failure {
    Failure::new(Code::UnableToParseJson, format!("{} is not what it should be", path.display()))
        .detail("\"apps\" is not an object")
        .remedy("mend the file; or delete it, and link the apps again with `countersign slack app link`")
}

/// Takes an app out of where local ones were long ago.
fn forget_old(project: &Project, app: &App) -> Result<(), Failure> {
    let path = path(project.root(), AppKind::Deployed);
    if object(&json_file::read(&path)?, "dev").is_none() {
        return Ok(());
    }
    json_file::change(&path, Readers::Owner, |file| {
        if let Some(dev) = file.get_mut("dev").and_then(Value::as_object_mut) {
            dev.retain(|_, entry| entry.get("app_id").and_then(Value::as_str) != Some(app.id.as_str()));
        }
        Ok(())
    })
}

fn path(root: &Path, kind: AppKind) -> PathBuf {
    root.join(".slack").join(match kind {
        AppKind::Local => "apps.dev.json",
        AppKind::Deployed => "apps.json",
    })
}

fn object<'o>(file: &'o Map<String, Value>, name: &str) -> Option<&'o Map<String, Value>> {
    file.get(name).and_then(Value::as_object)
}

/// Under which key a team's app stands: the team's id, or, long ago, its domain.
fn key_of(apps: &Map<String, Value>, team: &TeamId) -> Option<String> {
    let is_teams = |(key, entry): &(&String, &Value)| {
        entry.get("team_id").and_then(Value::as_str).map_or(*team == key.as_str(), |id| *team == *id)
    };
    apps.iter().find(is_teams).map(|(key, _)| key.clone())
}
