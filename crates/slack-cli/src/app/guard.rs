//! Whether an app's settings are as we left them (`.slack/cache/manifests.json`).

use std::path::PathBuf;

use countersign_slack::ids::AppId;
use serde_json::{Map, Value};

use super::{
    App, Overwrite,
    fingerprint::{fingerprint, whole_fingerprint},
};
use crate::{
    Code, Failure, Session,
    json_file::{self, Readers},
    manifest,
    project::Project,
};

/// Where the official command line keeps the hash of an app's settings, too.
const SETTINGS: &str = "hash";
/// Where the hash of the manifest is that led to them.
const GIVEN: &str = "countersign_given_hash";
/// So many differences are told; whoever wants more looks at both.
const TOLD: usize = 10;

/// A manifest.
type Manifest = Map<String, Value>;

/// What was remembered of an app.
struct Known {
    /// The hash of its settings, the official command line's and ours.
    settings: Option<String>,
    /// The hash of the manifest that led to them, which Slack does not keep to the letter. Ours alone.
    given: Option<String>,
}

/// Whether an app has what the project wants already, so that nothing is to be done.
pub(super) fn is_settled(
    project: &Project,
    app: &AppId,
    (settings, wanted): (&Manifest, &Manifest),
) -> Result<bool, Failure> {
    if settings == wanted {
        return Ok(true);
    }
    let known = Known::read(project, app)?;
    let is = |known: Option<String>, hash: &dyn Fn() -> String| known.is_some_and(|known| known == hash());
    Ok(is(known.settings, &|| fingerprint(settings)) && is(known.given, &|| whole_fingerprint(wanted)))
}

/// Refuses to overwrite settings that somebody changed elsewhere, unless told to.
pub(super) fn check(
    session: &Session,
    project: &Project,
    app: &App,
    (settings, wanted): (&Manifest, &Manifest),
    overwrite: Overwrite,
) -> Result<(), Failure> {
    // The settings of an app that Slack hosts are the project's alone.
    if overwrite == Overwrite::Always || session.settings.force || manifest::is_hosted(wanted) {
        return Ok(());
    }
    let what = match Known::read(project, &app.id)?.settings {
        Some(known) if known == fingerprint(settings) => return Ok(()),
        Some(_) => "were changed elsewhere since they were last brought there",
        None => "were not brought there from here, and would be overwritten",
    };
    let question = format!("The settings of the app {app} {what}. Overwrite them with the project's manifest?");
    // `--yes` is no answer to this: what somebody else changed is lost.
    match session.talk.confirm(&question) {
        Some(true) => Ok(()),
        said => Err(refusal(app, what, (settings, wanted), said)),
    }
}

fn refusal(app: &App, what: &str, (settings, wanted): (&Manifest, &Manifest), said: Option<bool>) -> Failure {
    let mut failure = Failure::new(Code::AppManifestUpdate, format!("the settings of the app {app} {what}"));
    let differing = differences(settings, wanted);
    for pointer in differing.iter().take(TOLD) {
        failure = failure.detail(format!("{pointer} differs"));
    }
    if differing.len() > TOLD {
        failure = failure.detail(format!("and {} more", differing.len() - TOLD));
    }
    failure = failure
        .remedy(format!("look at them with `countersign slack manifest info --source remote --app {}`", app.id))
        .remedy(format!("or at https://app.slack.com/app-settings/{}/{}/app-manifest", app.team, app.id));
    if said.is_none() { failure.remedy("overwrite them with --force") } else { failure }
}

/// Remembers an app's settings as those that we left it with, and what led to them.
pub(super) fn note(project: &Project, app: &AppId, (settings, given): (&Manifest, &Manifest)) -> Result<(), Failure> {
    let (settings, given) = (fingerprint(settings), whole_fingerprint(given));
    json_file::change(&path(project), Readers::Everyone, |all| {
        let mut entry = all.get(app.as_str()).and_then(Value::as_object).cloned().unwrap_or_default();
        entry.insert(SETTINGS.to_owned(), settings.into());
        entry.insert(GIVEN.to_owned(), given.into());
        all.insert(app.as_str().to_owned(), Value::Object(entry));
        Ok(())
    })
}

/// Forgets an app that is gone.
pub(super) fn forget(project: &Project, app: &AppId) -> Result<(), Failure> {
    if !path(project).exists() {
        return Ok(());
    }
    json_file::change(&path(project), Readers::Everyone, |all| Ok(all.remove(app.as_str()))).map(drop)
}

impl Known {
    fn read(project: &Project, app: &AppId) -> Result<Self, Failure> {
        let all = json_file::read(&path(project))?;
        let hash = |name: &str| {
            let hash = all.get(app.as_str()).and_then(|entry| entry.get(name)?.as_str());
            hash.filter(|hash| !hash.is_empty()).map(str::to_owned)
        };
        Ok(Self { settings: hash(SETTINGS), given: hash(GIVEN) })
    }
}

fn path(project: &Project) -> PathBuf {
    project.root().join(".slack").join("cache").join("manifests.json")
}

/// Where two manifests differ, as pointers.
fn differences(left: &Manifest, right: &Manifest) -> Vec<String> {
    let mut found = Vec::new();
    compare(left, right, "", &mut found);
    found
}

fn compare(left: &Manifest, right: &Manifest, at: &str, found: &mut Vec<String>) {
    let keys: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    for key in keys {
        let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        match (left.get(key), right.get(key)) {
            (Some(Value::Object(left)), Some(Value::Object(right))) => compare(left, right, &pointer, found),
            (left, right) if left != right => found.push(pointer),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_are_named_by_their_pointers() {
        let object = |value: Value| value.as_object().unwrap().clone();
        let left = object(json!({"a": {"b": 1, "c": [1], "d/e": 2}, "x": 1}));
        let right = object(json!({"a": {"b": 1, "c": [2]}, "y": 1}));
        assert_eq!(differences(&left, &right), ["/a/c", "/a/d~1e", "/x", "/y"]);
        assert!(differences(&left, &left).is_empty());
    }
}
