//! Response URLs: five answers within half an hour to what a person did.

use serde_json::Value;

use super::posting::{Author, Draft, ModelError};
use super::{AppId, ChangeKind, ChannelId, Message, State, Ts, UserId};

/// How often one works; docs.slack.dev, "Handling user interaction".
pub(crate) const MAX_USES: u8 = 5;
/// How long one works.
pub(crate) const LIFETIME_MS: u64 = 30 * 60 * 1000;

/// What a response URL belongs to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ResponseSource {
    /// A message everyone in the channel sees.
    Message(Ts),
    /// A message the person alone sees.
    Ephemeral(Ts),
    /// A slash command, or something on a message that is not the app's: nothing to replace.
    Command,
}

impl ResponseSource {
    /// What an app may replace and remove when a person did something on a message: only its own.
    pub(crate) fn of(message: &Message, is_ephemeral: bool, app: &AppId) -> Self {
        match (message.app.as_ref() == Some(app), is_ephemeral) {
            (false, _) => Self::Command,
            (true, false) => Self::Message(message.ts),
            (true, true) => Self::Ephemeral(message.ts),
        }
    }
}

/// Permission to answer without a token.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct ResponseUrl {
    /// The app that may answer.
    pub app: AppId,
    /// The person who acted.
    pub user: UserId,
    /// Where.
    pub channel: ChannelId,
    /// On what.
    pub source: ResponseSource,
    /// The thread it happened in.
    pub thread: Option<Ts>,
    /// How often it was used.
    pub uses: u8,
    /// Milliseconds since the epoch.
    pub expires_at: u64,
}

/// Who sees the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseType {
    /// The person who acted.
    Ephemeral,
    /// The whole channel.
    InChannel,
}

/// What an app sends to a response URL.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Remove the original message.
    DeleteOriginal,
    /// Put this in the place of the original message.
    ReplaceOriginal(Draft),
    /// A new message.
    Post(ResponseType, Draft),
}

impl State {
    /// Makes a response URL and returns its address.
    pub(crate) fn mint_response_url(&mut self, kind: &str, url: ResponseUrl) -> String {
        let secret = self.mint.word(24);
        let address = format!("{}/{kind}/{}/{}/{secret}", self.base, self.team.id, self.mint.digits(13));
        self.response_urls.insert(secret, url);
        address
    }

    /// Uses a response URL.
    pub(crate) fn respond(&mut self, secret: &str, reply: Reply, now_ms: u64) -> Result<(), ModelError> {
        let url = self.response_urls.get_mut(secret).ok_or(ModelError::new("invalid_url"))?;
        if now_ms >= url.expires_at {
            return Err(ModelError::new("expired_url"));
        }
        if url.uses >= MAX_USES {
            return Err(ModelError::new("used_url"));
        }
        url.uses += 1;
        let url = url.clone();
        match reply {
            Reply::DeleteOriginal => self.delete_original(&url, now_ms),
            Reply::ReplaceOriginal(draft) => self.replace_original(&url, draft, now_ms),
            Reply::Post(kind, draft) => self.post_response(&url, kind, draft, now_ms),
        }
    }

    /// Shows an answer to a command or interaction.
    pub(crate) fn post_response(
        &mut self,
        url: &ResponseUrl,
        kind: ResponseType,
        mut draft: Draft,
        now_ms: u64,
    ) -> Result<(), ModelError> {
        let author = self.bot_author(&url.app)?;
        draft.thread = draft.thread.or(url.thread);
        match kind {
            ResponseType::InChannel => self.post(&url.channel, &author, draft, now_ms).map(|_| ()),
            ResponseType::Ephemeral => self.post_ephemeral(&url.channel, &url.user, &author, draft, now_ms).map(|_| ()),
        }
    }

    fn delete_original(&mut self, url: &ResponseUrl, now_ms: u64) -> Result<(), ModelError> {
        match url.source {
            ResponseSource::Message(ts) => self.delete(&url.channel, ts, now_ms),
            ResponseSource::Ephemeral(ts) => {
                let messages = self.ephemerals.entry((url.channel.clone(), url.user.clone())).or_default();
                messages.retain(|message| message.ts != ts);
                self.ephemeral_changed(url);
                Ok(())
            }
            ResponseSource::Command => Err(ModelError::new("message_not_found")),
        }
    }

    fn replace_original(&mut self, url: &ResponseUrl, draft: Draft, now_ms: u64) -> Result<(), ModelError> {
        match url.source {
            ResponseSource::Message(ts) => self.update(&url.channel, ts, draft, now_ms).map(|_| ()),
            ResponseSource::Ephemeral(ts) => {
                let messages = self.ephemerals.entry((url.channel.clone(), url.user.clone())).or_default();
                let message = messages.iter_mut().find(|message| message.ts == ts);
                let message = message.ok_or(ModelError::new("message_not_found"))?;
                replace_body(message, draft);
                self.inputs.remove(&(url.user.clone(), url.channel.clone(), ts));
                self.ephemeral_changed(url);
                Ok(())
            }
            ResponseSource::Command => self.post_response(url, ResponseType::Ephemeral, draft, now_ms),
        }
    }

    fn ephemeral_changed(&mut self, url: &ResponseUrl) {
        self.changed(ChangeKind::Ephemeral { user: url.user.clone(), channel: url.channel.clone() });
    }

    /// The author that an app's bot is.
    pub(crate) fn bot_author(&self, app: &AppId) -> Result<Author, ModelError> {
        let app = self.apps.get(app).ok_or(ModelError::new("account_inactive"))?;
        Ok(Author { user: app.bot_user.clone(), app: Some(app.id.clone()) })
    }
}

/// Puts a draft's content into an existing message.
pub(super) fn replace_body(message: &mut Message, draft: Draft) {
    message.set("text", draft.text);
    for (name, value) in [("blocks", draft.blocks), ("attachments", draft.attachments)] {
        match value {
            Some(items) if !items.is_empty() => message.set(name, Value::Array(items)),
            _ => message.unset(name),
        }
    }
    match draft.metadata {
        Some(Value::Null) => message.unset("metadata"),
        Some(metadata) => message.set("metadata", metadata),
        None => {}
    }
}
