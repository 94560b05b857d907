//! The `slack` plugin: tokens, and which channels show which connection's requests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    PluginName,
    grammar::{PluginError, connections, distinct},
};
use crate::{
    invalid::quoted,
    name::ConnectionName,
    people::is_id_byte,
    wire::api::{PluginInput, WireSecret},
};

/// The setting that keeps a [`StoredSlack`], as JSON.
pub const SLACK_SETTING: &str = "plugin/slack";

const BOT_TOKEN: &str = "SLACK_BOT_TOKEN";
const APP_TOKEN: &str = "SLACK_APP_TOKEN";
const CHANNEL: &str = "SLACK_CHANNEL";

/// A channel as an administrator names it: an id, or a name without the `#`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Channel(String);

/// The plugin as an administrator wrote it. What is `None` keeps what is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlackChange {
    /// Shown in lists; it has no other meaning.
    pub priority: i64,
    /// The bot's token.
    pub bot_token: Option<WireSecret>,
    /// The app-level token, for Socket Mode.
    pub app_token: Option<WireSecret>,
    /// Channels that show every named connection's requests.
    pub channels: Option<Vec<Channel>>,
    /// The connections whose requests are shown, each with channels of its own.
    pub connections: BTreeMap<ConnectionName, Vec<Channel>>,
}

/// The plugin as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSlack {
    /// Shown in lists.
    pub priority: i64,
    /// The bot's token, sealed.
    pub bot_token: String,
    /// The app-level token, sealed.
    pub app_token: String,
    /// Channels that show every named connection's requests.
    pub channels: Vec<Channel>,
    /// The connections whose requests are shown, each with channels of its own.
    pub connections: BTreeMap<ConnectionName, Vec<Channel>>,
}

impl Channel {
    /// The id, or the name without the `#`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is an id, and not a name that must be looked up.
    pub fn is_id(&self) -> bool {
        is_channel_id(&self.0)
    }
}

fn is_channel_id(text: &str) -> bool {
    let rest = text.strip_prefix(['C', 'G', 'D']);
    rest.is_some_and(|rest| (2..=31).contains(&rest.len()) && rest.bytes().all(is_id_byte))
}

/// Slack's own rule for names: no upper case, no spaces, no punctuation, at most 80 characters.
fn is_channel_name(text: &str) -> bool {
    let fits =
        |character: char| (character.is_alphanumeric() && !character.is_uppercase()) || matches!(character, '-' | '_');
    !text.is_empty() && text.chars().count() <= 80 && text.chars().all(fits)
}

impl TryFrom<String> for Channel {
    type Error = PluginError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let name = text.strip_prefix('#').unwrap_or(&text);
        if is_channel_id(&text) || is_channel_name(name) {
            return Ok(Self(name.to_owned()));
        }
        Err(PluginError::Channel { text: quoted(&text) })
    }
}

impl From<Channel> for String {
    fn from(channel: Channel) -> Self {
        channel.0
    }
}

impl SlackChange {
    /// Reads what an administrator wrote.
    pub(super) fn parse(input: &PluginInput) -> Result<Self, PluginError> {
        let mut change = Self {
            priority: input.priority,
            bot_token: None,
            app_token: None,
            channels: None,
            connections: BTreeMap::new(),
        };
        for (key, value) in &input.config {
            change.configure(key, value)?;
        }
        for (connection, items) in connections(&input.connections)? {
            // `bash:` is `bash`: the channel for all of them.
            let items = if items.iter().all(String::is_empty) { Vec::new() } else { items };
            distinct(&connection, "channel", &items)?;
            let channels = items.into_iter().map(Channel::try_from).collect::<Result<_, _>>()?;
            change.connections.insert(connection, channels);
        }
        Ok(change)
    }

    fn configure(&mut self, key: &str, value: &WireSecret) -> Result<(), PluginError> {
        match key {
            BOT_TOKEN => self.bot_token = Some(token(BOT_TOKEN, value)?),
            APP_TOKEN => self.app_token = Some(token(APP_TOKEN, value)?),
            CHANNEL => self.channels = Some(channels(value.expose())?),
            key => {
                let known = [BOT_TOKEN, APP_TOKEN, CHANNEL];
                return Err(PluginError::unknown_key(PluginName::Slack, key, &known));
            }
        }
        Ok(())
    }

    /// The plugin as it will be: what was not said stays as it was. `seal` seals a token for its key.
    pub fn onto<E: From<PluginError>>(
        &self,
        before: Option<&StoredSlack>,
        seal: impl Fn(&'static str, &WireSecret) -> Result<String, E>,
    ) -> Result<StoredSlack, E> {
        let kept = |given: Option<&WireSecret>, key, stored: Option<&String>| match (given, stored) {
            (Some(given), _) => seal(key, given),
            (None, Some(stored)) => Ok(stored.clone()),
            (None, None) => Err(PluginError::MissingKey { key }.into()),
        };
        let stored = StoredSlack {
            priority: self.priority,
            bot_token: kept(self.bot_token.as_ref(), BOT_TOKEN, before.map(|before| &before.bot_token))?,
            app_token: kept(self.app_token.as_ref(), APP_TOKEN, before.map(|before| &before.app_token))?,
            channels: self.channels.clone().or_else(|| Some(before?.channels.clone())).unwrap_or_default(),
            connections: self.connections.clone(),
        };
        stored.check()?;
        Ok(stored)
    }
}

impl StoredSlack {
    /// The keys of its configuration that are sealed, each with what is sealed.
    pub fn sealed(&self) -> [(&'static str, &str); 2] {
        [(BOT_TOKEN, &self.bot_token), (APP_TOKEN, &self.app_token)]
    }

    /// The channels that show a connection's requests: its own and those for all; none when the plugin is not on for it.
    pub fn channels_of(&self, connection: &ConnectionName) -> Vec<Channel> {
        let Some(own) = self.connections.get(connection) else { return Vec::new() };
        let mut all: Vec<Channel> = Vec::with_capacity(own.len() + self.channels.len());
        for channel in own.iter().chain(&self.channels) {
            if !all.contains(channel) {
                all.push(channel.clone());
            }
        }
        all
    }

    /// Its configuration for eyes: `(sealed)` in place of the tokens.
    pub fn shown(&self) -> BTreeMap<String, String> {
        let sealed = || "(sealed)".to_owned();
        let mut shown = BTreeMap::from([(BOT_TOKEN.to_owned(), sealed()), (APP_TOKEN.to_owned(), sealed())]);
        if !self.channels.is_empty() {
            let names: Vec<&str> = self.channels.iter().map(Channel::as_str).collect();
            shown.insert(CHANNEL.to_owned(), names.join(";"));
        }
        shown
    }

    fn check(&self) -> Result<(), PluginError> {
        match self.connections.iter().find(|(_, own)| own.is_empty() && self.channels.is_empty()) {
            Some((connection, _)) => Err(PluginError::NoChannel { connection: connection.clone() }),
            None => Ok(()),
        }
    }
}

fn token(key: &'static str, value: &WireSecret) -> Result<WireSecret, PluginError> {
    let text = value.expose().trim();
    let (prefix, wrong) = match key {
        BOT_TOKEN => ("xoxb-", "must be the bot's token, which begins with xoxb-"),
        _ => ("xapp-", "must be the app-level token, which begins with xapp-"),
    };
    if !text.starts_with(prefix) {
        return Err(PluginError::Value { key, wrong });
    }
    if text.len() > 1024 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(PluginError::Value { key, wrong: "holds characters that no token has" });
    }
    Ok(WireSecret::new(text))
}

/// Channels separated by `;`; an empty text is none.
fn channels(text: &str) -> Result<Vec<Channel>, PluginError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    text.split(';').map(|channel| Channel::try_from(channel.trim().to_owned())).collect()
}
