//! Triggers: from a project's definitions to Slack and back.

mod definition;
mod first_object;
mod listing;
mod offer;
mod source;

use std::{fmt, str::FromStr};

use countersign_slack::ids::AppId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use self::{
    listing::{Selection, list},
    offer::offer,
    source::Source,
};
use crate::{
    AppChoice, Code, Failure, Session,
    account::Account,
    app::{self, App, AppKind, Overwrite},
    project::Project,
};

/// A trigger's id, such as `Ft0123ABCD`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkflowTriggerId(String);

/// A text that is no id of a trigger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no trigger: its id begins with Ft, such as Ft0123ABCD")]
pub struct UnknownTrigger(String);

impl WorkflowTriggerId {
    /// The id as Slack writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WorkflowTriggerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for WorkflowTriggerId {
    type Err = UnknownTrigger;

    fn from_str(text: &str) -> Result<Self, UnknownTrigger> {
        let is_id = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match text.strip_prefix("Ft") {
            Some(rest) if is_id(rest) => Ok(Self(text.to_owned())),
            _ => Err(UnknownTrigger(text.chars().take(64).collect())),
        }
    }
}

/// A trigger, as Slack knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    /// Its id.
    pub id: WorkflowTriggerId,
    /// Everything that Slack says of it.
    pub all: Map<String, Value>,
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} ({})", self.id, self.name(), self.kind())?;
        self.url().map_or(Ok(()), |url| write!(f, " {url}"))
    }
}

/// What the calls about one trigger answer with.
#[derive(Deserialize)]
struct Answered {
    trigger: Map<String, Value>,
}

impl Trigger {
    fn read(all: Map<String, Value>) -> Result<Self, Failure> {
        let id = all.get("id").and_then(Value::as_str).map(|id| WorkflowTriggerId(id.to_owned()));
        let id =
            id.ok_or_else(|| Failure::new(Code::HttpRequestFailed, "Slack's answer has a trigger without an id"))?;
        Ok(Self { id, all })
    }

    /// A text that Slack says of it, by a JSON pointer.
    fn text(&self, pointer: &str) -> Option<&str> {
        let (first, rest) = pointer.split_once('/').unwrap_or((pointer, ""));
        let found = self.all.get(first)?;
        let found = if rest.is_empty() { Some(found) } else { found.get(rest) };
        found?.as_str().filter(|text| !text.is_empty())
    }

    /// What starts it: `shortcut`, `webhook`, `event` or `scheduled`.
    pub fn kind(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        self.text("name").unwrap_or_default()
    }

    /// The workflow that it starts.
    pub fn workflow(&self) -> &str {
        let texts = ["workflow/callback_id", "workflow/title", "workflow"];
        texts.into_iter().find_map(|pointer| self.text(pointer)).unwrap_or_default()
    }

    /// Where people, or other programs, start it.
    pub fn url(&self) -> Option<&str> {
        self.text("shortcut_url").or_else(|| self.text("webhook_url"))
    }

    /// When it was made.
    pub fn created(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.all.get("date_created")?.as_i64()?).ok()
    }
}

/// Creates a trigger for the app that is meant; a project's app that is not there yet is installed first.
pub async fn create(session: &Session, source: &Source) -> Result<Trigger, Failure> {
    let project = Project::open(session).await?;
    let account = Account::choose(session).await?;
    let app = app_of(session, &project, &account).await?;
    create_for(session, &project, &account, &app, source).await
}

async fn create_for(
    session: &Session,
    project: &Project,
    account: &Account,
    app: &App,
    source: &Source,
) -> Result<Trigger, Failure> {
    let definition = definition::of(session, project, app, source).await?;
    send(account, "workflows.triggers.create", definition).await
}

/// Changes a trigger to what its definition says now.
pub async fn update(session: &Session, id: &WorkflowTriggerId, source: &Source) -> Result<Trigger, Failure> {
    let project = Project::open(session).await?;
    let account = Account::choose(session).await?;
    let app = app_of(session, &project, &account).await?;
    let mut definition = definition::of(session, &project, &app, source).await?;
    definition.insert("trigger_id".to_owned(), id.as_str().into());
    send(&account, "workflows.triggers.update", definition).await
}

/// What Slack says of a trigger.
pub async fn info(account: &Account, id: &WorkflowTriggerId) -> Result<Trigger, Failure> {
    let answered: Answered = account.api.call("workflows.triggers.info", &json!({"trigger_id": id})).await?;
    Trigger::read(answered.trigger)
}

/// Deletes a trigger.
pub async fn delete(account: &Account, id: &WorkflowTriggerId) -> Result<(), Failure> {
    let _: Value = account.api.call("workflows.triggers.delete", &json!({"trigger_id": id})).await?;
    Ok(())
}

/// The app whose triggers are meant. One that is named by its id needs no project.
pub async fn app_id(session: &Session, account: &Account) -> Result<AppId, Failure> {
    if let Some(AppChoice::Id(id)) = &session.settings.app {
        return Ok(id.clone());
    }
    let project = Project::open(session).await?;
    app::find(session, &project, account, None).map(|app| app.id)
}

async fn app_of(session: &Session, project: &Project, account: &Account) -> Result<App, Failure> {
    let failure = match app::find(session, project, account, None) {
        Ok(app) => return Ok(app),
        Err(failure) => failure,
    };
    let kind = match &session.settings.app {
        Some(AppChoice::Local) => AppKind::Local,
        Some(AppChoice::Deployed) => AppKind::Deployed,
        _ => return Err(failure),
    };
    if !matches!(failure.code(), Code::AppNotFound | Code::InstallationRequired) {
        return Err(failure);
    }
    Ok(app::install(session, project, account, kind, Overwrite::Ask).await?.app)
}

async fn send(account: &Account, method: &str, definition: Map<String, Value>) -> Result<Trigger, Failure> {
    let answered: Answered = account.api.call(method, &definition).await.map_err(explained)?;
    Trigger::read(answered.trigger)
}

/// A refusal with what to do about it.
fn explained(failure: Failure) -> Failure {
    let names_interactivity = failure.details().iter().any(|detail| detail.contains("interactivity"));
    match failure.code().as_str() {
        "workflow_not_found" => failure.remedy(
            "the app's settings at Slack have no such workflow: look for it in the manifest, and bring that to Slack with `countersign slack app install`",
        ),
        "parameter_validation_failed" if names_interactivity => failure.remedy(
            "give the trigger the input {\"interactivity\": {\"value\": \"{{data.interactivity}}\"}}, or say --interactivity with --workflow",
        ),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_triggers_begin_with_ft() {
        assert_eq!("Ft012AB".parse::<WorkflowTriggerId>().unwrap().as_str(), "Ft012AB");
        for text in ["", "Ft", "A012", "Ft 1", "ft012"] {
            assert!(text.parse::<WorkflowTriggerId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_trigger_is_read_whatever_else_slack_says_of_it() {
        let all = json!({"id": "Ft1", "type": "shortcut", "name": "N", "date_created": 1_700_000_000,
            "workflow": {"callback_id": "greet"}, "shortcut_url": "https://x", "new": [1]});
        let trigger = Trigger::read(all.as_object().unwrap().clone()).unwrap();
        assert_eq!((trigger.kind(), trigger.name(), trigger.workflow()), ("shortcut", "N", "greet"));
        assert_eq!(trigger.url(), Some("https://x"));
        assert_eq!(trigger.created().unwrap().to_string(), "2023-11-14T22:13:20Z");
        let bare = Trigger::read(json!({"id": "Ft1", "date_created": "x", "workflow": 7}).as_object().unwrap().clone());
        let bare = bare.unwrap();
        assert_eq!((bare.kind(), bare.workflow(), bare.url(), bare.created()), ("", "", None, None));
        assert!(Trigger::read(Map::new()).is_err());
    }
}
