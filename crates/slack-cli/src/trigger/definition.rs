//! What a trigger is made of, as Slack takes it.

use std::path::Path;

use countersign_slack::hooks::HookName;
use serde_json::{Map, Value, json};

use super::{Source, first_object::first_object, source};
use crate::{Code, Failure, Session, app::App, json_file, project::Project};

/// How workflows are named in definitions.
const WORKFLOWS: &str = "#/workflows/";

/// The definition, for one of the project's apps: the same file serves the local one and the deployed one.
pub(super) async fn of(
    session: &Session,
    project: &Project,
    app: &App,
    source: &Source,
) -> Result<Map<String, Value>, Failure> {
    let mut definition = match source {
        Source::File(given) => {
            let path = source::file(session, project, given)?;
            read(session, project, app, &path).await?
        }
        Source::Project => {
            let path = source::only(session, project)?;
            read(session, project, app, &path).await?
        }
        Source::Link { workflow, title, description, interactivity } => {
            link(workflow, title.as_deref(), description.as_deref(), interactivity.as_deref())
        }
    };
    definition.insert("workflow_app_id".to_owned(), app.id.as_str().into());
    Ok(definition)
}

async fn read(session: &Session, project: &Project, app: &App, path: &Path) -> Result<Map<String, Value>, Failure> {
    if path.extension().is_some_and(|kind| kind == "json") {
        let definition = json_file::read(path)?;
        if definition.is_empty() {
            return Err(Failure::new(Code::InvalidArguments, format!("{} defines no trigger", path.display())));
        }
        return Ok(definition);
    }
    if !project.has(HookName::GetTrigger) {
        return Err(Failure::new(Code::SdkHookNotFound, "the project has no get-trigger hook")
            .remedy("define the trigger in a JSON file instead"));
    }
    let call = project.hook(session, HookName::GetTrigger)?;
    let call = call.argument("source", path).variable("SLACK_WORKSPACE", app.team_domain.as_str());
    let answer = call.variable("SLACK_ENV", app.kind.as_str()).answer().await?;
    first_object(&answer.bytes).ok_or_else(|| {
        let message = format!("the get-trigger hook answered without a trigger for {}", path.display());
        let written = String::from_utf8_lossy(&answer.bytes);
        Failure::new(Code::UnableToParseJson, message)
            .detail(match written.trim() {
                "" => "it wrote nothing to stdout".to_owned(),
                text => format!("it wrote: {}", shortened(text)),
            })
            .remedy("the hook writes one JSON object to stdout; a definition in a JSON file needs no hook")
    })
}

/// So much of what a hook wrote is shown.
const SHOWN: usize = 500;

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn link(
    workflow: &str,
    title: Option<&str>,
    description: Option<&str>,
    interactivity: Option<&str>,
) -> Map<String, Value> {
    let name = workflow.strip_prefix(WORKFLOWS).unwrap_or(workflow);
    let mut definition = Map::new();
    let mut set = |key: &str, value: Value| definition.insert(key.to_owned(), value);
    set("type", "shortcut".into());
    set("name", title.unwrap_or(name).into());
    set("workflow", format!("{WORKFLOWS}{name}").into());
    if let Some(description) = description {
        set("description", description.into());
    }
    if let Some(input) = interactivity {
        set("inputs", json!({(input): {"value": "{{data.interactivity}}"}}));
    }
    definition
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_alone_makes_a_link() {
        let bare = Value::Object(link("greet", None, None, None));
        assert_eq!(bare, json!({"type": "shortcut", "name": "greet", "workflow": "#/workflows/greet"}));
        let full = Value::Object(link("#/workflows/greet", Some("T"), Some("D"), Some("talk")));
        let inputs = json!({"talk": {"value": "{{data.interactivity}}"}});
        assert_eq!(
            full,
            json!({"type": "shortcut", "name": "T", "workflow": "#/workflows/greet", "description": "D", "inputs": inputs})
        );
    }

    #[test]
    fn what_a_hook_wrote_is_shown_in_short() {
        assert_eq!(shortened("short"), "short");
        assert_eq!(shortened(&"ü".repeat(600)).chars().count(), SHOWN + 1);
    }
}
