//! Custom steps: functions that an app's manifest describes, run for themselves or as the steps of a workflow.
//!
//! docs.slack.dev, "Creating custom steps for Workflow Builder" and "function_executed".

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::{AppId, Effect, Grant, Holder, ModelError, State, Token, UserId};
use crate::events;

/// How long the token of a step works; docs.slack.dev, "function_executed".
const TOKEN_MS: u64 = 15 * 60 * 1000;
/// How many activities, and how many executions that have ended, are remembered.
const MAX_REMEMBERED: usize = 1000;
/// A step whose function the app itself has.
const OWN: &str = "#/functions/";

/// One run of a function.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Execution {
    /// `Fx…`.
    pub(crate) id: String,
    pub(crate) app: AppId,
    pub(crate) callback_id: String,
    pub(crate) inputs: Map<String, Value>,
    pub(crate) status: Status,
    /// The workflow it is a step of.
    pub(crate) workflow: Option<Workflow>,
    /// Milliseconds since the epoch.
    pub(crate) started_at: u64,
    #[serde(with = "super::saved::secret")]
    token: SecretString,
}

/// What has become of a run.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Running,
    Completed { outputs: Map<String, Value> },
    Failed { error: String },
}

/// A workflow that runs: what it was given, and what its steps have given so far.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Workflow {
    /// `Wx…`.
    id: String,
    name: String,
    step: usize,
    inputs: Map<String, Value>,
    outputs: Vec<Map<String, Value>>,
}

/// What was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Started {
    /// `Fx…`; a workflow without steps begins nothing.
    pub(crate) function: Option<String>,
    /// `Wx…`.
    pub(crate) workflow: Option<String>,
}

/// A line of an app's activity log.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Activity {
    pub(crate) app: AppId,
    is_error: bool,
    event: String,
    trace: String,
    component: String,
    payload: Value,
    /// Microseconds since the epoch.
    pub(crate) created: u64,
}

impl Activity {
    /// How grave it is.
    pub(crate) fn level(&self) -> &'static str {
        if self.is_error { "error" } else { "info" }
    }

    /// As `apps.activities.list` shows it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "trace_id": self.trace, "level": self.level(), "event_type": self.event,
            "source": "slack", "component_type": "functions", "component_id": self.component,
            "payload": self.payload, "created": self.created,
        })
    }
}

impl Execution {
    /// As `GET functions` of the control API shows it.
    pub(crate) fn to_json(&self) -> Value {
        let (status, outputs, error) = match &self.status {
            Status::Running => ("running", None, None),
            Status::Completed { outputs } => ("completed", Some(outputs), None),
            Status::Failed { error } => ("failed", None, Some(error)),
        };
        json!({
            "function_execution_id": self.id, "app_id": self.app, "callback_id": self.callback_id,
            "inputs": self.inputs, "status": status, "outputs": outputs, "error": error,
            "workflow_execution_id": self.workflow.as_ref().map(|workflow| &workflow.id),
        })
    }
}

impl State {
    /// Runs one of an app's functions by itself.
    pub(crate) fn run_function(
        &mut self,
        app: &AppId,
        callback_id: &str,
        inputs: Map<String, Value>,
        now_ms: u64,
    ) -> Result<Started, ModelError> {
        let function = self.execute(app, callback_id, inputs, None, now_ms)?;
        Ok(Started { function: Some(function), workflow: None })
    }

    /// Runs the workflow of a trigger; `data` is what the trigger's inputs may refer to.
    pub(crate) fn run_trigger(&mut self, trigger: &str, data: &Value, now_ms: u64) -> Result<Started, ModelError> {
        let known = self.platform.workflow_triggers.get(trigger).ok_or(ModelError::new("trigger_not_found"))?;
        let (app, given) = (known.app.clone(), known.given.clone());
        let name = given.get("workflow").and_then(Value::as_str).unwrap_or_default();
        let name = name.trim_start_matches("#/workflows/").to_owned();
        let values = given.get("inputs").and_then(Value::as_object).cloned().unwrap_or_default();
        let fill = |(name, input): (String, Value)| {
            let value = input.get("value").cloned().unwrap_or(input);
            (name, filled(&value, &json!({"data": data})))
        };
        let inputs = values.into_iter().map(fill).collect();
        let workflow = Workflow { id: self.run_id("Wx"), name, step: 0, inputs, outputs: Vec::new() };
        let id = workflow.id.clone();
        let function = self.next_step(&app, workflow, now_ms)?;
        Ok(Started { function, workflow: Some(id) })
    }

    /// Whether a person may run a trigger, as its permissions say.
    pub(crate) fn may_run(&self, trigger: &str, user: &UserId) -> bool {
        let Some(known) = self.platform.workflow_triggers.get(trigger) else { return false };
        let named = |kind: &str| known.named.get(kind).map(Vec::as_slice).unwrap_or_default();
        let is_member = |id: &String| self.channels.get(id.as_str()).is_some_and(|room| room.members.contains(user));
        match known.permission.as_str() {
            "app_collaborators" => known.owner == *user,
            "named_entities" => {
                named("user_ids").iter().any(|id| id == user.as_str())
                    || named("channel_ids").iter().any(is_member)
                    || named("team_ids").iter().any(|id| id == self.team.id.as_str())
            }
            _ => true,
        }
    }

    /// An app says that a step is done.
    pub(crate) fn complete_function(
        &mut self,
        app: &AppId,
        id: &str,
        status: Status,
        now_ms: u64,
    ) -> Result<(), ModelError> {
        let known = self.platform.executions.get(id).ok_or(ModelError::new("function_execution_not_found"))?;
        if known.app != *app {
            return Err(ModelError::new("access_denied"));
        }
        if known.status != Status::Running {
            return Err(ModelError::new("execution_not_in_running_state"));
        }
        if let Status::Completed { outputs } = &status {
            let function = self.function(app, &known.callback_id).cloned().unwrap_or_default();
            let required = function.pointer("/output_parameters/required").and_then(Value::as_array);
            let mut required = required.into_iter().flatten().filter_map(Value::as_str);
            if required.any(|name| !outputs.contains_key(name)) {
                return Err(ModelError::new("parameter_validation_failed"));
            }
        }
        let Some(execution) = self.platform.executions.get_mut(id) else { return Ok(()) };
        execution.status = status;
        let ended = execution.clone();
        self.grants.remove(ended.token.expose_secret());
        self.log_result(&ended, now_ms);
        if let (Some(mut workflow), Status::Completed { outputs }) = (ended.workflow, ended.status) {
            workflow.step += 1;
            workflow.outputs.push(outputs);
            // A step that cannot be run ends the workflow; the activity log says why.
            let _ = self.next_step(app, workflow, now_ms);
        }
        Ok(())
    }

    /// The runs of an app's functions, or of all.
    pub(crate) fn executions(&self, app: Option<&AppId>) -> impl Iterator<Item = &Execution> {
        self.platform.executions.values().filter(move |execution| app.is_none_or(|app| execution.app == *app))
    }

    fn next_step(&mut self, app: &AppId, workflow: Workflow, now_ms: u64) -> Result<Option<String>, ModelError> {
        let manifest = self.platform.registrations.get(app).map(|known| &known.manifest);
        let described = manifest.and_then(|manifest| manifest.get("workflows")?.get(&workflow.name));
        let described = described.ok_or(ModelError::new("workflow_not_found"))?;
        let Some(step) = described.get("steps").and_then(|steps| steps.get(workflow.step)).cloned() else {
            return Ok(None);
        };
        let outputs: Map<String, Value> = workflow
            .outputs
            .iter()
            .enumerate()
            .map(|(at, outputs)| (step_id(described, at), Value::Object(outputs.clone())))
            .collect();
        let known = json!({"inputs": workflow.inputs, "steps": outputs});
        let inputs = filled(step.get("inputs").unwrap_or(&Value::Null), &known);
        let inputs = inputs.as_object().cloned().unwrap_or_default();
        let function = step.get("function_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(callback_id) = function.strip_prefix(OWN) else {
            let payload =
                json!({"function_name": function, "error": "the workspace does not run Slack's own functions"});
            self.log(app, ("function_execution_result", true), ("", &workflow.id), payload, now_ms);
            return Err(ModelError::new("function_not_found"));
        };
        self.execute(app, callback_id, inputs, Some(workflow), now_ms).map(Some)
    }

    fn execute(
        &mut self,
        app: &AppId,
        callback_id: &str,
        inputs: Map<String, Value>,
        workflow: Option<Workflow>,
        now_ms: u64,
    ) -> Result<String, ModelError> {
        let described = self.function(app, callback_id).cloned().ok_or(ModelError::new("function_not_found"))?;
        let installed = self.apps.get(app).ok_or(ModelError::new("app_not_installed"))?.clone();
        let required = described.pointer("/input_parameters/required").and_then(Value::as_array);
        if required.into_iter().flatten().filter_map(Value::as_str).any(|name| !inputs.contains_key(name)) {
            return Err(ModelError::new("parameter_validation_failed"));
        }
        let id = self.run_id("Fx");
        let token = SecretString::from(format!("xwfp-{}-{}", self.mint.digits(13), self.mint.word(32)));
        let bot = self.grants.get(installed.secrets.bot_token.expose_secret()).cloned();
        let scopes: Vec<String> = bot.iter().flat_map(|grant| grant.scopes.iter().cloned()).collect();
        let mut grant = Grant::new(app.clone(), Holder::Bot(installed.bot_user.clone()), &scopes);
        grant.expires_at = Some(now_ms.saturating_add(TOKEN_MS));
        self.grants.insert(Token::from(&token), Arc::new(grant));
        let workflow_id =
            workflow.as_ref().map_or_else(|| format!("Wx{}", id.trim_start_matches("Fx")), |of| of.id.clone());
        let event = json!({
            "type": "function_executed", "function": function_object(app, callback_id, &described, installed.updated),
            "inputs": inputs, "function_execution_id": id, "workflow_execution_id": workflow_id,
            "bot_access_token": token.expose_secret(),
        });
        let execution = Execution {
            id: id.clone(),
            app: app.clone(),
            callback_id: callback_id.to_owned(),
            inputs,
            status: Status::Running,
            workflow,
            started_at: now_ms,
            token,
        };
        self.forget_old_executions();
        let payload = json!({"function_name": callback_id, "function_type": "app", "execution_id": id});
        let component = function_id(app, callback_id);
        self.log(app, ("function_execution_started", false), (&component, &workflow_id), payload, now_ms);
        self.platform.executions.insert(id.clone(), execution);
        events::tell(self, app, event, now_ms);
        Ok(id)
    }

    fn forget_old_executions(&mut self) {
        let known = &self.platform.executions;
        if known.len() < MAX_REMEMBERED {
            return;
        }
        // Those that have ended first, then those that nobody ends.
        let age = |execution: &&Execution| (execution.status == Status::Running, execution.started_at);
        if let Some(oldest) = known.values().min_by_key(age).map(|execution| execution.id.clone())
            && let Some(gone) = self.platform.executions.remove(&oldest)
        {
            self.grants.remove(gone.token.expose_secret());
        }
    }

    fn function(&self, app: &AppId, callback_id: &str) -> Option<&Value> {
        self.platform.registrations.get(app)?.manifest.get("functions")?.get(callback_id)
    }

    fn run_id(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", self.mint.id('0'))
    }

    /// A trigger ran, but its workflow could not begin.
    pub(super) fn log_not_started(&mut self, trigger: &str, error: &str, now_ms: u64) {
        let Some(app) = self.platform.workflow_triggers.get(trigger).map(|known| known.app.clone()) else { return };
        let payload = json!({"trigger_id": trigger, "error": error});
        self.log(&app, ("trigger_executed", true), ("", trigger), payload, now_ms);
    }

    fn log_result(&mut self, ended: &Execution, now_ms: u64) {
        let error = match &ended.status {
            Status::Failed { error } => Some(error.clone()),
            Status::Running | Status::Completed { .. } => None,
        };
        let payload = json!({
            "function_name": ended.callback_id, "function_type": "app", "execution_id": ended.id, "error": error,
        });
        let trace = ended.workflow.as_ref().map_or_else(|| ended.id.clone(), |workflow| workflow.id.clone());
        let component = function_id(&ended.app, &ended.callback_id);
        let what = ("function_execution_result", error.is_some());
        self.log(&ended.app, what, (&component, &trace), payload, now_ms);
    }

    /// Writes a line into an app's activity log.
    pub(super) fn log(
        &mut self,
        app: &AppId,
        (event, is_error): (&str, bool),
        (component, trace): (&str, &str),
        payload: Value,
        now_ms: u64,
    ) {
        let log = &mut self.platform.activities;
        if log.len() >= MAX_REMEMBERED {
            log.pop_front();
        }
        log.push_back(Activity {
            app: app.clone(),
            is_error,
            event: event.to_owned(),
            trace: format!("Tr{trace}"),
            component: component.to_owned(),
            payload,
            created: now_ms.saturating_mul(1000),
        });
        self.effects.push(Effect::Change(super::ChangeKind::Directory));
    }
}

/// What a step is called in references: its own id, else its position.
fn step_id(workflow: &Value, at: usize) -> String {
    let id = workflow.get("steps").and_then(|steps| steps.get(at)?.get("id"));
    match id {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => at.to_string(),
    }
}

/// The same app's function has the same id everywhere.
fn function_id(app: &AppId, callback_id: &str) -> String {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(format!("{app}/{callback_id}"));
    let letters = hash.iter().take(5).map(|byte| format!("{byte:02X}"));
    format!("Fn{}", letters.collect::<String>())
}

fn function_object(app: &AppId, callback_id: &str, described: &Value, updated: u64) -> Value {
    let text = |name: &str| described.get(name).and_then(Value::as_str).unwrap_or_default();
    json!({
        "id": function_id(app, callback_id), "callback_id": callback_id, "title": text("title"),
        "description": text("description"), "type": "app",
        "input_parameters": parameters(described, "input_parameters"),
        "output_parameters": parameters(described, "output_parameters"),
        "app_id": app, "date_created": updated, "date_updated": updated, "date_deleted": 0,
        "form_enabled": false, "date_released": 0,
    })
}

fn parameters(described: &Value, side: &str) -> Vec<Value> {
    let required = described.pointer(&format!("/{side}/required")).and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
    let properties = described.get(side).and_then(|side| side.get("properties")).and_then(Value::as_object);
    let parameter = |(name, of): (&String, &Value)| {
        let text = |field: &str| of.get(field).and_then(Value::as_str).unwrap_or_default();
        json!({
            "type": text("type"), "name": name, "description": text("description"), "title": text("title"),
            "is_required": is_required(name),
        })
    };
    properties.into_iter().flatten().map(parameter).collect()
}

/// A value with its `{{references}}` filled in: one alone keeps its type, one inside a text becomes text.
pub(super) fn filled(value: &Value, known: &Value) -> Value {
    match value {
        Value::String(text) => filled_text(text, known),
        Value::Array(items) => items.iter().map(|item| filled(item, known)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), filled(value, known))).collect(),
        other => other.clone(),
    }
}

fn filled_text(text: &str, known: &Value) -> Value {
    let look = |reference: &str| {
        let mut value = known;
        for key in reference.trim().split('.') {
            value = value.get(key)?;
        }
        Some(value.clone())
    };
    if let Some(reference) = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"))
        && !reference.contains("{{")
    {
        return look(reference).unwrap_or_default();
    }
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((reference, after)) = after.split_once("}}") else { break };
        whole.push_str(before);
        match look(reference) {
            Some(Value::String(text)) => whole.push_str(&text),
            Some(Value::Null) | None => {}
            Some(other) => whole.push_str(&other.to_string()),
        }
        rest = after;
    }
    whole.push_str(rest);
    Value::String(whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn references_are_filled_in() {
        let known = json!({"inputs": {"n": 3, "name": "bob"}, "steps": {"0": {"out": [1]}}});
        let value =
            json!({"a": "{{inputs.n}}", "b": "hi {{ inputs.name }}, {{steps.0.out}}!", "c": "{{none.x}}", "d": "{{"});
        assert_eq!(filled(&value, &known), json!({"a": 3, "b": "hi bob, [1]!", "c": null, "d": "{{"}));
    }

    proptest! {
        #[test]
        fn any_text_can_be_filled(text in "[{}a.0 é]{0,40}") {
            let _ = filled(&Value::String(text), &json!({"a": {"a": "x"}}));
        }
    }
}
