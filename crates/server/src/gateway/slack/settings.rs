//! The `slack` plugin's settings, as they are stored.

use std::collections::{BTreeMap, BTreeSet};

use countersign_approval::StoreError;
use countersign_gateway::{
    Place,
    plugin::{Channel, SLACK_SETTING, StoredSlack},
};
use secrecy::{ExposeSecret as _, SecretString};

use super::super::{state::Gateway, vault::VaultError};

/// The settings of the plugin, opened.
#[derive(Clone, Debug)]
pub(super) struct SlackSettings {
    /// The bot's token.
    pub(super) bot: SecretString,
    /// The app's token, for Socket Mode.
    pub(super) app: SecretString,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum SettingsError {
    /// What is stored is no plugin.
    #[error("the slack plugin's settings cannot be read: create it again with --overwrite")]
    Malformed(#[source] serde_json::Error),
    /// A secret cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SlackSettings {
    /// Whether both are of the same app, by the same tokens.
    pub(super) fn has_tokens_of(&self, other: &Self) -> bool {
        self.bot.expose_secret() == other.bot.expose_secret() && self.app.expose_secret() == other.app.expose_secret()
    }
}

/// The plugin as it is stored; `None` when there is none.
pub(super) async fn stored(gateway: &Gateway) -> Result<Option<StoredSlack>, SettingsError> {
    let Some(text) = gateway.store().setting(SLACK_SETTING).await? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(SettingsError::Malformed)
}

/// The tokens; `None` when there is no such plugin.
pub(super) async fn load(gateway: &Gateway) -> Result<Option<SlackSettings>, SettingsError> {
    let Some(stored) = stored(gateway).await? else { return Ok(None) };
    let open = |key, sealed: &str| gateway.vault().open(Place::Plugin { plugin: "slack", key }, sealed);
    let bot = open("SLACK_BOT_TOKEN", &stored.bot_token)?;
    let app = open("SLACK_APP_TOKEN", &stored.app_token)?;
    Ok(Some(SlackSettings { bot, app }))
}

/// The channels of a connection, by id or name; `None` when the plugin does not name it.
pub(super) fn channels_of(stored: &StoredSlack, connection: &str) -> Option<BTreeSet<String>> {
    let connections: BTreeMap<&str, &Vec<Channel>> =
        stored.connections.iter().map(|(name, channels)| (name.as_str(), channels)).collect();
    let own = connections.get(connection)?;
    Some(own.iter().chain(&stored.channels).map(|channel| channel.as_str().to_owned()).collect())
}
