//! A project's manifest: what the project says, and what Slack says of it.

mod fit;

use countersign_slack::{hooks::HookName, ids::AppId};
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub(crate) use self::fit::{is_hosted, make_hosted, make_local};
use crate::{Code, Failure, Session, account::Account, api::Api, app::AppKind, project::Project};

/// What the project's `get-manifest` answers; unknown keys are kept.
pub async fn of_project(
    session: &Session,
    project: &Project,
    account: Option<&Account>,
) -> Result<Map<String, Value>, Failure> {
    of_project_for(session, project, account, None).await
}

/// The same, told which of its apps it is for (`SLACK_ENV`).
pub async fn of_project_for(
    session: &Session,
    project: &Project,
    account: Option<&Account>,
    kind: Option<AppKind>,
) -> Result<Map<String, Value>, Failure> {
    let mut call = project.hook(session, HookName::GetManifest)?.argument("source", project.root());
    if let Some(account) = account {
        call = call.variable("SLACK_WORKSPACE", account.team_domain.as_str());
    }
    if let Some(kind) = kind {
        call = call.variable("SLACK_ENV", kind.as_str());
    }
    read(&call.answer().await?.bytes)
}

/// An app's settings, as Slack has them.
pub async fn of_slack(api: &Api, app: &AppId) -> Result<Map<String, Value>, Failure> {
    #[derive(Deserialize)]
    struct Exported {
        manifest: Map<String, Value>,
    }
    let exported: Exported = api.call("apps.manifest.export", &json!({"app_id": app})).await?;
    Ok(exported.manifest)
}

/// Something about a manifest that Slack takes, but that its writer should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Slack's code, such as `breaking_change`.
    pub code: Option<String>,
    /// What it is, with the place.
    pub text: String,
}

/// Has Slack check a manifest, as the next one of an app where one is given.
///
/// What Slack does not take is a failure with every place and reason.
pub async fn validate(api: &Api, manifest: &Map<String, Value>, app: Option<&AppId>) -> Result<Vec<Warning>, Failure> {
    #[derive(Deserialize)]
    struct Validated {
        #[serde(default)]
        errors: Vec<Value>,
        #[serde(default)]
        warnings: Vec<Value>,
    }
    let mut arguments = json!({"manifest": Value::Object(manifest.clone()).to_string()});
    if let Some(app) = app {
        arguments["app_id"] = app.as_str().into();
    }
    let validated: Validated = api.call("apps.manifest.validate", &arguments).await.map_err(|failure| {
        if failure.code().as_str() == "invalid_manifest" { refused(failure.details()) } else { failure }
    })?;
    if !validated.errors.is_empty() {
        return Err(refused(&validated.errors.iter().map(located).collect::<Vec<_>>()));
    }
    let code = |warning: &Value| warning.get("code").and_then(Value::as_str).map(str::to_owned);
    Ok(validated.warnings.iter().map(|warning| Warning { code: code(warning), text: located(warning) }).collect())
}

/// Tells warnings.
pub(crate) fn warn(session: &Session, warnings: &[Warning]) {
    for warning in warnings {
        session.talk.warn(&format!("manifest: {}", warning.text));
    }
}

/// Tells warnings, and asks whether to go on where what worked before will not any more.
pub(crate) fn confirm(session: &Session, warnings: &[Warning]) -> Result<(), Failure> {
    warn(session, warnings);
    let breaks = warnings.iter().any(|warning| warning.code.as_deref() == Some("breaking_change"));
    if !breaks || session.settings.force || session.settings.yes {
        return Ok(());
    }
    let question = "The manifest changes what others may rely on. Go on?";
    if session.talk.confirm(question) == Some(true) {
        return Ok(());
    }
    let failure = Failure::new(Code::AppManifestUpdate, "the manifest changes what others may rely on");
    let failure = warnings.iter().fold(failure, |failure, warning| failure.detail(warning.text.clone()));
    Err(failure.remedy("go on all the same with --force"))
}

/// The app's name in a manifest.
pub(crate) fn name(manifest: &Map<String, Value>) -> String {
    let name = manifest.get("display_information").and_then(|shown| shown.get("name")?.as_str());
    format!("{:?}", name.unwrap_or_default())
}

/// A manifest in a hook's response. What stands before it is left out: hooks of many projects print more than they should.
fn read(response: &[u8]) -> Result<Map<String, Value>, Failure> {
    let text = std::str::from_utf8(response).map_err(|error| unreadable().detail(error.to_string()))?;
    let mut first = None;
    // A line before it may have a brace too; whoever prints more of them than that is not read.
    for (start, _) in text.match_indices('{').take(16) {
        match serde_json::from_str(text.get(start..).unwrap_or_default()) {
            Ok(manifest) => return Ok(manifest),
            Err(error) => {
                // What was cut off is not searched for objects inside of it.
                let is_cut = error.is_eof();
                first.get_or_insert((start, error));
                if is_cut {
                    break;
                }
            }
        }
    }
    let Some((start, error)) = first else {
        return Err(unreadable().detail("the hook's response has no JSON object in it"));
    };
    let before = text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count() + error.line();
    let last_line = before.rsplit('\n').next().unwrap_or_default();
    let column = error.column() + if error.line() == 1 { last_line.len() } else { 0 };
    Err(unreadable().detail(format!("at line {line}, column {column} of the hook's response: {error}")))
}

fn unreadable() -> Failure {
    Failure::new(Code::InvalidManifest, "the hook `get-manifest` did not answer with a manifest: one JSON object")
        .remedy(
            "look at what the hook prints: run its command, which is in .slack/hooks.json or comes from `get-hooks`",
        )
}

fn refused(details: &[String]) -> Failure {
    let failure = Failure::new(Code::InvalidManifest, "Slack does not take the manifest");
    let failure = details.iter().fold(failure, |failure, line| failure.detail(line.clone()));
    failure.remedy("mend these places; `countersign slack manifest validate` checks again without installing")
}

/// A message with its place.
fn located(item: &Value) -> String {
    let text = |name: &str| item.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let message = text("message").or_else(|| text("code")).or_else(|| item.as_str());
    let message = message.map_or_else(|| item.to_string(), str::to_owned);
    text("pointer").map_or_else(|| message.clone(), |pointer| format!("{pointer}: {message}"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::alone(r#"{"a": {"b": 1}}"#)]
    #[case::after_a_log("loading {manifest}\nINFO {\"x\": 1} done\n{\"a\": {\"b\": 1}}\n")]
    #[case::after_a_mark("\u{feff}{\"a\": {\"b\": 1}}")]
    fn a_manifest_is_found_behind_what_stands_before_it(#[case] response: &str) {
        assert_eq!(Value::Object(read(response.as_bytes()).unwrap()), json!({"a": {"b": 1}}));
    }

    #[rstest]
    #[case::nothing("", "no JSON object")]
    #[case::text("no manifest here", "no JSON object")]
    #[case::list("[1]", "no JSON object")]
    #[case::trailing("x\n y {\"a\": 1}\nz", "line 3, column 1")]
    #[case::broken("{\"a\": }", "line 1, column 7")]
    #[case::cut_off("{\"a\": {\"b\": 1}", "EOF")]
    #[case::deep(&"{\"a\":".repeat(100_000), "recursion limit")]
    fn what_is_no_manifest_says_where(#[case] response: &str, #[case] detail: &str) {
        let failure = read(response.as_bytes()).unwrap_err();
        assert_eq!(failure.code(), &Code::InvalidManifest);
        assert!(failure.details()[0].contains(detail), "{failure:?}");
    }
}
