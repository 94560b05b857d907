//! Running a workflow by the link of its trigger.

use serde_json::{Map, Value, json};

use super::answer::PersonError;
use super::payload;
use crate::Workspace;
use crate::model::{Started, UserId};

impl Workspace {
    /// A person runs the workflow of a trigger; `data` is what the trigger's inputs may refer to.
    pub(crate) fn run_trigger(
        &self,
        user: &UserId,
        trigger: &str,
        mut data: Map<String, Value>,
    ) -> Result<Started, PersonError> {
        self.note_person("trigger", user.as_str(), json!({"trigger_id": trigger, "data": data}));
        self.update(|state, now| {
            payload::person(state, user)?;
            let app = state.platform.workflow_triggers.get(trigger).map(|known| known.app.clone());
            let app =
                app.ok_or_else(|| PersonError::new("trigger_not_found", format!("there is no trigger {trigger}")))?;
            if !state.may_run(trigger, user) {
                return Err(PersonError::new("access_denied", format!("{user} may not run {trigger}")));
            }
            let pointer = state.mint_trigger(&app, user, None, now);
            let secret = state.mint.word(24);
            let interactivity = json!({"interactivity_pointer": pointer, "interactor": {"id": user, "secret": secret}});
            data.insert("interactivity".to_owned(), interactivity);
            Ok(state.run_trigger(trigger, &Value::Object(data), now)?)
        })
    }
}
