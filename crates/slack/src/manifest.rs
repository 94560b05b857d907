//! App manifests: what an app is allowed and where Slack reaches it.
//!
//! Only what this kit sets is typed; everything else is kept in `extra`, so a manifest that came from elsewhere is written
//! back as it was. Source: docs.slack.dev, App manifest reference.

use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Where an app is created from a manifest (docs.slack.dev, Creating and configuring apps with manifests).
const CREATE: &str = "https://api.slack.com/apps";

/// An app's manifest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// How the app is shown.
    pub display_information: DisplayInformation,
    /// What it has in Slack.
    pub features: Features,
    /// What it may do.
    pub oauth_config: OauthConfig,
    /// How Slack reaches it.
    pub settings: Settings,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// How an app is shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DisplayInformation {
    /// Its name, 35 characters at most.
    pub name: String,
    /// What it is, 140 characters at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The colour behind its picture, as `#rrggbb`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background_color: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What an app has in Slack.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Features {
    /// The user it appears as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot_user: Option<BotUser>,
    /// Its slash commands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub slash_commands: Vec<Command>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The user an app appears as.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BotUser {
    /// Its name.
    pub display_name: String,
    /// It is shown as present at all times.
    pub always_online: bool,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A slash command.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Command {
    /// With its slash.
    pub command: String,
    /// What it does.
    pub description: String,
    /// What may follow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_hint: Option<String>,
    /// Names in its text come as mentions.
    pub should_escape: bool,
    /// Everything else, such as the request URL.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What an app may do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OauthConfig {
    /// The scopes it asks for.
    pub scopes: Scopes,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The scopes an app asks for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scopes {
    /// For its bot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bot: Vec<String>,
    /// For the people who sign in with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub user: Vec<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// How Slack reaches an app.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Buttons, modals and shortcuts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interactivity: Option<Interactivity>,
    /// The events it hears of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_subscriptions: Option<EventSubscriptions>,
    /// Everything comes over connections that the app opens.
    pub socket_mode_enabled: bool,
    /// It can be installed in a whole organisation.
    pub org_deploy_enabled: bool,
    /// Its tokens expire.
    pub token_rotation_enabled: bool,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Buttons, modals and shortcuts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Interactivity {
    /// They are sent to the app.
    pub is_enabled: bool,
    /// Everything else, such as the request URL.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The events an app hears of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventSubscriptions {
    /// As its bot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bot_events: Vec<String>,
    /// Everything else, such as the request URL.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Manifest {
    /// An app with a bot that works over Socket Mode and has buttons and modals.
    pub fn socket_mode(name: impl Into<String>, bot_scopes: &[&str]) -> Self {
        let name = name.into();
        let bot_user = BotUser { display_name: name.clone(), always_online: true, extra: Map::new() };
        let interactivity = Interactivity { is_enabled: true, extra: Map::new() };
        Self {
            display_information: DisplayInformation { name, ..DisplayInformation::default() },
            features: Features { bot_user: Some(bot_user), ..Features::default() },
            oauth_config: OauthConfig {
                scopes: Scopes { bot: bot_scopes.iter().map(|&scope| scope.to_owned()).collect(), ..Scopes::default() },
                extra: Map::new(),
            },
            settings: Settings { interactivity: Some(interactivity), socket_mode_enabled: true, ..Settings::default() },
            extra: Map::new(),
        }
    }

    /// Adds a slash command.
    #[must_use]
    pub fn command(mut self, command: impl Into<String>, description: impl Into<String>) -> Self {
        let (command, description) = (command.into(), description.into());
        self.features.slash_commands.push(Command { command, description, ..Command::default() });
        self
    }

    /// Subscribes its bot to an event.
    #[must_use]
    pub fn event(mut self, event: impl Into<String>) -> Self {
        self.settings.event_subscriptions.get_or_insert_default().bot_events.push(event.into());
        self
    }

    /// The address at which a person creates the app, with everything filled in.
    ///
    /// # Errors
    /// Never, in fact: a manifest is texts, switches and JSON.
    pub fn create_url(&self) -> Result<String, serde_json::Error> {
        let manifest = serde_json::to_string(self)?;
        let parameters = [("new_app", "1"), ("manifest_json", manifest.as_str())];
        Ok(Url::parse_with_params(CREATE, parameters).map_err(serde::de::Error::custom)?.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_manifest_is_written_as_slack_reads_it() {
        let manifest = Manifest::socket_mode("Countersign", &["chat:write"]).command("/requests", "Open requests.");
        let expected = json!({
            "display_information": {"name": "Countersign"},
            "features": {
                "bot_user": {"display_name": "Countersign", "always_online": true},
                "slash_commands": [{"command": "/requests", "description": "Open requests.", "should_escape": false}],
            },
            "oauth_config": {"scopes": {"bot": ["chat:write"]}},
            "settings": {
                "interactivity": {"is_enabled": true}, "event_subscriptions": {"bot_events": ["app_mention"]},
                "socket_mode_enabled": true, "org_deploy_enabled": false, "token_rotation_enabled": false,
            },
        });
        assert_eq!(serde_json::to_value(manifest.event("app_mention")).unwrap(), expected);
    }

    #[test]
    fn what_is_not_typed_is_kept() {
        let raw = json!({
            "_metadata": {"major_version": 2},
            "display_information": {"name": "n", "long_description": "l"},
            "features": {"app_home": {"home_tab_enabled": true}},
            "oauth_config": {"scopes": {}, "redirect_urls": ["https://x.test"]},
            "settings": {"interactivity": {"is_enabled": true, "request_url": "https://x.test"}, "socket_mode_enabled": false,
                "org_deploy_enabled": true, "token_rotation_enabled": false, "hermes_app_type": "remote"},
            "functions": {"f": {}},
        });
        let manifest: Manifest = serde_json::from_value(raw.clone()).unwrap();
        assert_eq!(serde_json::to_value(manifest).unwrap(), raw);
    }

    #[test]
    fn the_address_that_creates_the_app_holds_the_manifest() {
        let manifest = Manifest::socket_mode("Näme & more", &["chat:write"]);
        let url = Url::parse(&manifest.create_url().unwrap()).unwrap();
        let (_, json) = url.query_pairs().find(|(name, _)| name == "manifest_json").unwrap();
        assert_eq!(serde_json::from_str::<Manifest>(&json).unwrap(), manifest);
    }
}
