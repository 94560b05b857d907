//! Posting, changing and removing messages.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::plain::is_plain;
use super::response_url::replace_body;
use super::{App, AppId, ChangeKind, Channel, ChannelId, ChannelKind, Message, State, Ts, UserId};
use crate::events;

/// Who stands in the place of what was deleted.
const SLACKBOT: &str = "USLACKBOT";

/// What was wrong, as Slack names it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}")]
pub struct ModelError {
    /// Slack's error code, such as `channel_not_found`.
    pub code: &'static str,
}

impl ModelError {
    /// An error with Slack's code.
    pub fn new(code: &'static str) -> Self {
        Self { code }
    }
}

/// Who a message comes from.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Author {
    /// The user it is shown as coming from.
    pub user: UserId,
    /// The app through which it was posted.
    pub app: Option<AppId>,
}

/// A message that is to be posted; its content was checked before.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// Block Kit blocks, `block_id`s filled in.
    pub blocks: Option<Vec<Value>>,
    /// Legacy attachments.
    pub attachments: Option<Vec<Value>>,
    /// App metadata.
    pub metadata: Option<Value>,
    /// The thread to reply in.
    pub thread: Option<Ts>,
    /// A reply that is shown in the channel too.
    pub broadcast: bool,
    /// Files it carries, as file objects.
    pub files: Vec<Value>,
    /// Name and picture chosen by the app: `username`, `icons`.
    pub custom: Map<String, Value>,
    /// Further fields of the message's object.
    pub fields: Map<String, Value>,
}

impl State {
    /// Posts a message and returns it; who may post was checked before.
    pub(crate) fn post(
        &mut self,
        channel: &ChannelId,
        author: &Author,
        draft: Draft,
        now_ms: u64,
    ) -> Result<Message, ModelError> {
        let thread = self.thread_of(channel, draft.thread)?;
        if thread.is_none() && is_plain(&draft) {
            return self.post_plain(channel, author, &draft, now_ms);
        }
        let is_broadcast = thread.is_some() && draft.broadcast;
        let mut body = self.body_of(author, draft);
        if is_broadcast {
            body.insert("subtype".to_owned(), "thread_broadcast".into());
        }
        let room = self.channels.get_mut(channel).ok_or(ModelError::new("channel_not_found"))?;
        let ts = room.next_ts(Ts::from_micros(now_ms.saturating_mul(1000)));
        body.insert("ts".to_owned(), ts.into());
        if let Some(parent) = thread.and_then(|parent| room.message(parent)) {
            body.insert("parent_user_id".to_owned(), parent.user.as_str().into());
            if is_broadcast {
                body.insert("root".to_owned(), (**parent.body()).clone());
            }
        }
        let mut message = Message::new(ts, author.user.clone(), author.app.clone(), body);
        if let Some(parent) = thread {
            message.join_thread(parent);
            reply_added(room, parent, ts, &author.user);
        }
        // Written once: what is kept, answered and told of it is the same text.
        message.packed().text();
        self.file_message(channel, &message);
        events::posted(self, channel, &message, now_ms);
        self.changed(ChangeKind::Message { channel: channel.clone() });
        Ok(message)
    }

    /// Shows a message to one person and returns its timestamp.
    pub(crate) fn post_ephemeral(
        &mut self,
        channel: &ChannelId,
        user: &UserId,
        author: &Author,
        draft: Draft,
        now_ms: u64,
    ) -> Result<Ts, ModelError> {
        /// One person cannot be shown more than this in one channel; older ones go.
        const MAX_EPHEMERALS: usize = 1000;
        let thread = draft.thread;
        let mut body = self.body_of(author, draft);
        body.insert("is_ephemeral".to_owned(), true.into());
        let room = self.channels.get_mut(channel).ok_or(ModelError::new("channel_not_found"))?;
        let ts = room.next_ts(Ts::from_micros(now_ms.saturating_mul(1000)));
        body.insert("ts".to_owned(), ts.into());
        let mut message = Message::new(ts, author.user.clone(), author.app.clone(), body);
        if let Some(parent) = thread {
            message.join_thread(parent);
        }
        let shown = self.ephemerals.entry((channel.clone(), user.clone())).or_default();
        shown.push(message);
        if shown.len() > MAX_EPHEMERALS {
            shown.remove(0);
        }
        self.changed(ChangeKind::Ephemeral { user: user.clone(), channel: channel.clone() });
        Ok(ts)
    }

    /// Replaces a message's content; what the draft leaves out goes.
    pub(crate) fn update(
        &mut self,
        channel: &ChannelId,
        ts: Ts,
        draft: Draft,
        now_ms: u64,
    ) -> Result<Message, ModelError> {
        let room = self.channels.get_mut(channel).ok_or(ModelError::new("channel_not_found"))?;
        let message = room.message_mut(ts).ok_or(ModelError::new("message_not_found"))?;
        let before = message.clone();
        replace_body(message, draft);
        let edited_at = Ts::from_micros(now_ms / 1000 * 1_000_000);
        message.set("edited", json!({"user": message.user, "ts": edited_at}));
        let after = message.clone();
        self.inputs.retain(|(_, in_channel, of), _| in_channel != channel || *of != ts);
        events::changed(self, channel, &before, &after, now_ms);
        self.changed(ChangeKind::Message { channel: channel.clone() });
        Ok(after)
    }

    /// Shows a reply in the channel too, which it was not when it was written.
    pub(crate) fn broadcast(&mut self, channel: &ChannelId, ts: Ts, now_ms: u64) -> Result<Message, ModelError> {
        let room = self.channels.get(channel).ok_or(ModelError::new("channel_not_found"))?;
        let message = room.message(ts).ok_or(ModelError::new("message_not_found"))?;
        let thread = message.thread_ts.filter(|_| message.is_reply() && !message.is_shown_in_channel());
        let parent = thread.and_then(|thread| room.message(thread));
        let parent = (**parent.ok_or(ModelError::new("cant_broadcast_message"))?.body()).clone();
        self.amend(channel, ts, now_ms, |message| {
            message.set("subtype", "thread_broadcast");
            message.set("root", parent);
        })
    }

    /// Removes a message; a parent with replies leaves a tombstone.
    pub(crate) fn delete(&mut self, channel: &ChannelId, ts: Ts, now_ms: u64) -> Result<(), ModelError> {
        let room = self.channels.get_mut(channel).ok_or(ModelError::new("channel_not_found"))?;
        let before = room.message(ts).cloned().ok_or(ModelError::new("message_not_found"))?;
        if before.replies.is_empty() {
            room.remove(ts);
            reply_removed(room, before.thread_ts, ts);
        } else if let Some(message) = room.message_mut(ts) {
            for field in [
                "blocks",
                "attachments",
                "files",
                "metadata",
                "edited",
                "app_id",
                "bot_id",
                "bot_profile",
                "client_msg_id",
            ] {
                message.unset(field);
            }
            // It is Slack's own from then on: nobody can change it any more.
            message.user = UserId::from(SLACKBOT);
            message.app = None;
            message.set("user", SLACKBOT);
            message.set("hidden", true);
            message.set("subtype", "tombstone");
            message.set("text", "This message was deleted.");
        }
        events::deleted(self, channel, &before, now_ms);
        self.changed(ChangeKind::Message { channel: channel.clone() });
        Ok(())
    }

    /// The thread that a reply to `wanted` belongs to: replies to replies go to the parent's thread.
    pub(crate) fn thread_of(&self, channel: &ChannelId, wanted: Option<Ts>) -> Result<Option<Ts>, ModelError> {
        let Some(wanted) = wanted else { return Ok(None) };
        let room = self.channels.get(channel).ok_or(ModelError::new("channel_not_found"))?;
        let parent = room.message(wanted).ok_or(ModelError::new("thread_not_found"))?;
        Ok(Some(parent.thread_ts.unwrap_or(wanted)))
    }

    fn body_of(&mut self, author: &Author, draft: Draft) -> Map<String, Value> {
        let is_custom = !draft.custom.is_empty();
        let fields = draft.fields;
        let mut body = draft.custom;
        let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
        put("type", "message".into());
        put("user", author.user.as_str().into());
        put("text", draft.text.into());
        put("team", self.team.id.as_str().into());
        for (name, items) in [("blocks", draft.blocks), ("attachments", draft.attachments)] {
            if let Some(items) = items.filter(|items| !items.is_empty()) {
                put(name, Value::Array(items));
            }
        }
        if let Some(metadata) = draft.metadata.filter(|metadata| !metadata.is_null()) {
            put("metadata", metadata);
        }
        if !draft.files.is_empty() {
            put("files", Value::Array(draft.files));
            put("upload", false.into());
            put("subtype", "file_share".into());
        }
        match author.app.as_ref().and_then(|app| self.apps.get(app)) {
            Some(app) => {
                put("app_id", app.id.as_str().into());
                put("bot_id", app.bot.as_str().into());
                put("bot_profile", bot_profile(app, self.team.id.as_str()));
                if is_custom {
                    put("subtype", "bot_message".into());
                }
            }
            None => {
                put("client_msg_id", self.mint.uuid().into());
            }
        }
        body.extend(fields);
        body
    }

    /// The message that `user` sees at this place: of the channel, or their own ephemeral one.
    pub fn message_seen_by(&self, user: &UserId, channel: &str, ts: Ts) -> Option<(&Message, bool)> {
        let room = self.channels.get(channel)?;
        if !self.can_read(user, room) {
            return None;
        }
        let own = || self.ephemerals(&room.id, user).iter().find(|message| message.ts == ts);
        room.message(ts).map(|message| (message, false)).or_else(|| own().map(|message| (message, true)))
    }

    /// Whether a user can see what is written in a channel.
    pub fn can_read(&self, user: &UserId, channel: &Channel) -> bool {
        channel.kind == ChannelKind::Public || channel.members.contains(user)
    }
}

/// The `bot_profile` that an app's messages carry.
fn bot_profile(app: &App, team: &str) -> Value {
    json!({
        "id": app.bot, "app_id": app.id, "user_id": app.bot_user, "name": app.name,
        "icons": {}, "deleted": false, "updated": app.updated, "team_id": team,
    })
}

fn reply_added(room: &mut Channel, parent: Ts, reply: Ts, user: &UserId) {
    let Some(parent) = room.message_mut(parent) else { return };
    parent.replies.push(reply);
    if parent.thread_ts.is_none() {
        let ts = parent.ts;
        parent.join_thread(ts);
    }
    let users = parent.field("reply_users").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut users: BTreeSet<String> = users.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    users.insert(user.as_str().to_owned());
    parent.set("is_locked", false);
    parent.set("subscribed", false);
    show_replies(parent, users);
}

fn reply_removed(room: &mut Channel, parent: Option<Ts>, reply: Ts) {
    let Some(at) = parent else { return };
    let Some(parent) = room.message_mut(at) else { return };
    parent.replies.retain(|ts| *ts != reply);
    if !parent.replies.is_empty() {
        let users = room.thread(at).skip(1).map(|reply| reply.user.as_str().to_owned()).collect();
        return room.message_mut(at).map_or((), |parent| show_replies(parent, users));
    }
    parent.thread_ts = None;
    for field in ["thread_ts", "reply_count", "reply_users", "reply_users_count", "latest_reply"] {
        parent.unset(field);
    }
}

/// Shows on a thread's parent how many replies there are, and whose.
fn show_replies(parent: &mut Message, users: BTreeSet<String>) {
    let Some(latest) = parent.replies.last().copied() else { return };
    parent.set("reply_users_count", users.len());
    parent.set("reply_users", users.into_iter().collect::<Vec<_>>());
    parent.set("reply_count", parent.replies.len());
    parent.set("latest_reply", latest);
}

/// Shares an `Arc` of a message's object, for answers.
pub(crate) fn shared(message: &Message) -> Arc<Value> {
    Arc::clone(message.body())
}
