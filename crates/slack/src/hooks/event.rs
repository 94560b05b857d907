//! What `start` gets on stdin when the CLI holds the connection.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::ids::{AppId, TeamId};

/// One event, with what the app needs to answer it.
#[derive(Clone, Serialize, Deserialize)]
pub struct StartInput {
    /// The payload, as Slack delivered it.
    pub body: Map<String, Value>,
    /// Whose it is.
    #[serde(default)]
    pub context: StartContext,
}

/// Whose event it is, and with which token to answer.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StartContext {
    /// The bot's token.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "expose")]
    pub bot_access_token: Option<SecretString>,
    /// The app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<AppId>,
    /// The workspace that the app runs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_id: Option<TeamId>,
    /// The project's variables, of its `.env` file. They may be secrets.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub variables: Map<String, Value>,
}

impl StartInput {
    /// A variable's text.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.context.variables.get(name)?.as_str().filter(|text| !text.is_empty())
    }
}

impl fmt::Debug for StartInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartInput").field("context", &self.context).finish_non_exhaustive()
    }
}

impl fmt::Debug for StartContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_token = self.bot_access_token.is_some();
        let names: Vec<&String> = self.variables.keys().collect();
        f.debug_struct("StartContext")
            .field("app_id", &self.app_id)
            .field("team_id", &self.team_id)
            .field("has_token", &has_token)
            .field("variables", &names)
            .finish_non_exhaustive()
    }
}

#[expect(clippy::ref_option, reason = "the signature that serde asks for")]
fn expose<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    // The hook is a process of the same user that is to act with this token.
    secret.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_specifications_sample_is_read_and_written_back() {
        let sample = json!({
            "body": {"type": "app_deleted"},
            "context": {"bot_access_token": "xoxb-1234", "app_id": "A1234", "team_id": "T1234", "variables": {"K": "v"}},
        });
        let input: StartInput = serde_json::from_value(sample.clone()).unwrap();
        assert_eq!(input.variable("K"), Some("v"));
        assert_eq!(input.context.app_id.as_ref().unwrap(), "A1234");
        assert_eq!(serde_json::to_value(&input).unwrap(), sample);
    }

    #[test]
    fn a_context_may_be_missing_but_a_body_may_not() {
        let input: StartInput = serde_json::from_value(json!({"body": {}})).unwrap();
        assert!(input.context.bot_access_token.is_none());
        for wrong in [json!({}), json!({"body": 1}), json!({"body": null}), json!([])] {
            assert!(serde_json::from_value::<StartInput>(wrong).is_err());
        }
    }

    #[test]
    fn debug_shows_neither_token_nor_variables() {
        let input: StartInput = serde_json::from_value(json!({
            "body": {"text": "private"}, "context": {"bot_access_token": "xoxb-secret", "variables": {"KEY": "hidden"}},
        }))
        .unwrap();
        let text = format!("{input:?}");
        assert!(!text.contains("secret") && !text.contains("hidden") && !text.contains("private"), "{text}");
    }
}
